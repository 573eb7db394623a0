//! One test binary of the copy: which tests are in it, building it, running some of them.

use std::{
    fmt,
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};
use cargo_metadata::Message;

use super::{copy::Copy, list::Mutant};
use crate::wait;

/// A test that needs a part has the part's name in its path.
const PARTS: [&str; 5] = ["postgres", "kafka", "mongo", "redis", "smtp"];
/// The target of a package's unit tests.
const LIBRARY: &str = "--lib";

/// A test binary.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suite {
    package: String,
    /// The package's folder from the root.
    folder: String,
    /// Its unit tests, or the name of a binary in `tests/`.
    target: String,
}

/// The result of one test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestResult {
    Ok,
    Failed,
}

/// What a test binary printed.
pub struct Printed(String);

impl Suite {
    /// The binary that has the tests of a mutant.
    ///
    /// # Errors
    /// There is no such package, or the tests are not in it.
    pub fn of(mutant: &Mutant, copy: &Copy) -> Result<Self> {
        let package = &mutant.package;
        let manifest = format!("name = \"{package}\"\n");
        let folder = copy
            .files("")
            .filter_map(|name| name.strip_suffix("/Cargo.toml"))
            .find(|folder| {
                let path = copy.path(folder).join("Cargo.toml");
                fs::read_to_string(path).is_ok_and(|text| text.contains(&manifest))
            })
            .with_context(|| format!("no package is {package}"))?;
        let test = mutant.caught_by.first().map_or("", String::as_str);
        let head = format!("fn {test}");
        let start = format!("{folder}/");
        let file = copy
            .files(&start)
            .filter(|name| name.ends_with(".rs"))
            .find(|name| {
                fs::read_to_string(copy.path(name)).is_ok_and(|text| has_function(&text, &head))
            })
            .with_context(|| format!("{package} has no test {test}"))?;
        Ok(Self {
            package: package.clone(),
            folder: folder.to_owned(),
            target: target(&file[start.len()..]),
        })
    }

    /// Builds the binary; answers its path, or prints why it does not build.
    ///
    /// # Errors
    /// Cargo cannot be run.
    pub fn build(&self, copy: &Copy) -> Result<Option<PathBuf>> {
        let target: &[&str] = if self.target == LIBRARY {
            &[LIBRARY]
        } else {
            &["--test", &self.target]
        };
        let built = copy
            .cargo()
            .args(["test", "--no-run", "--message-format=json", "-p"])
            .arg(&self.package)
            .args(target)
            .stdin(Stdio::null())
            .output()?;
        let mut binary = None;
        for message in Message::parse_stream(BufReader::new(built.stdout.as_slice())) {
            match message? {
                Message::CompilerArtifact(artifact) if artifact.profile.test => {
                    binary = artifact.executable.map(PathBuf::from).or(binary);
                }
                Message::CompilerMessage(diagnostic) if !built.status.success() => {
                    eprint!("{}", diagnostic.message.rendered.unwrap_or_default());
                }
                _ => {}
            }
        }
        Ok(binary.filter(|_| built.status.success()))
    }

    /// Runs these tests; nothing if they have not ended in time.
    ///
    /// # Errors
    /// The binary cannot be run.
    pub fn run(
        &self,
        copy: &Copy,
        binary: &Path,
        tests: &[&String],
        patience: Duration,
    ) -> Result<Option<Printed>> {
        let output = binary.with_extension("printed");
        let mut child = Command::new(binary)
            .args(tests)
            .args(PARTS.iter().flat_map(|part| ["--skip", part]))
            .current_dir(copy.path(&self.folder))
            .stdin(Stdio::null())
            .stdout(File::create(&output)?)
            .stderr(Stdio::null())
            .spawn()?;
        if !wait::until(patience, || !matches!(child.try_wait(), Ok(None))) {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        Ok(Some(Printed(
            String::from_utf8_lossy(&fs::read(output)?).into(),
        )))
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.package, self.target)
    }
}

impl Printed {
    /// How the tests of this name ended, if there are any; one that failed counts.
    pub fn of(&self, test: &str) -> Option<TestResult> {
        let ended = |end: &str| {
            self.0.lines().any(|line| {
                line.strip_prefix("test ")
                    .and_then(|line| line.strip_suffix(end))
                    .is_some_and(|path| path.rsplit("::").next() == Some(test))
            })
        };
        if ended(" ... FAILED") {
            return Some(TestResult::Failed);
        }
        ended(" ... ok").then_some(TestResult::Ok)
    }
}

/// Which binary a test of this file is in. Those of a conformance suite are run where it is registered.
fn target(file: &str) -> String {
    let binary = file
        .strip_prefix("tests/")
        .and_then(|file| file.split('/').next());
    match binary {
        Some(binary) => binary.trim_end_matches(".rs").to_owned(),
        None if file.contains("/conformance") => "it".to_owned(),
        None => LIBRARY.to_owned(),
    }
}

fn has_function(text: &str, head: &str) -> bool {
    text.match_indices(head)
        .any(|(at, _)| text[at + head.len()..].starts_with(['(', '<']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_tells_the_binary_of_its_tests() {
        assert_eq!(target("tests/it/login.rs"), "it");
        assert_eq!(target("tests/e2e.rs"), "e2e");
        assert_eq!(target("src/write_store/conformance/keys.rs"), "it");
        assert_eq!(target("src/login.rs"), "--lib");
    }

    #[test]
    fn a_function_is_known_by_its_whole_name() {
        assert!(has_function("async fn logs_in() {", "fn logs_in"));
        assert!(!has_function("fn logs_in_again() {", "fn logs_in"));
    }

    #[test]
    fn a_test_that_failed_anywhere_failed() {
        let printed = Printed("test a::one ... ok\ntest b::one ... FAILED\ntest two ... ok".into());
        assert_eq!(printed.of("one"), Some(TestResult::Failed));
        assert_eq!(printed.of("two"), Some(TestResult::Ok));
        assert_eq!(printed.of("three"), None);
    }
}
