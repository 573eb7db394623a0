//! Images under the official names, made of packages (`xtask/stand-ins`): no registry of images is asked.
//!
//! A stand-in refuses variables that the official image's documentation does not list, so that a misspelt one fails here too.
//! What is shown with them is shown of our files and our image, not of the official images.

use std::{
    collections::BTreeSet,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};

use super::{Engine, seconds};
use crate::{
    parts::{self, Part, apt, maven},
    places::Places,
};

const BASE: &str = "docker.io/library/debian:bookworm-slim";
const RELEASE: &str = "bookworm";
const DEFAULT_MIRROR: &str = "http://deb.debian.org/debian";
/// Says what a stand-in was made of.
const LABEL: &str = "colloquy.stand-in";

/// Makes those that are missing, or were made of something else.
///
/// # Errors
/// One cannot be made, or the files name an image that has no stand-in.
pub fn build_missing(places: &Places, engine: &Engine) -> Result<()> {
    if engine.ask(&["image", "exists", BASE]).is_err() {
        base(engine).context("the image of Debian")?;
    }
    let context = places.repository().join("xtask/stand-ins");
    for name in names(places.repository())? {
        let folder = folder(&name);
        let made_of = made_of(&context, folder)?;
        let format = format!("{{{{index .Labels {LABEL:?}}}}}");
        let is_there = engine
            .ask(&["image", "inspect", "--format", &format, &name])
            .is_ok_and(|label| label.trim() == made_of);
        if is_there {
            continue;
        }
        let start = Instant::now();
        let mut options = vec!["--label".to_owned(), format!("{LABEL}={made_of}")];
        for (from, to) in volumes(places, folder)? {
            options.push("--volume".to_owned());
            options.push(format!("{}:{to}:ro", from.display()));
        }
        let file = format!("{folder}/Containerfile");
        engine.build(&context, &file, &name, &options)?;
        println!("stand-in {folder:<21}{}", seconds(start));
    }
    Ok(())
}

/// The images that the compose file and the Dockerfile name, ours left out, as the engine calls them.
fn names(repository: &Path) -> Result<BTreeSet<String>> {
    let compose = fs::read_to_string(repository.join("compose.yaml"))?;
    let build = fs::read_to_string(repository.join("deploy/Dockerfile"))?;
    Ok(named_in(&compose, &build))
}

fn named_in(compose: &str, build: &str) -> BTreeSet<String> {
    let services = compose
        .lines()
        .filter_map(|line| line.trim().strip_prefix("image: "));
    let stages = build.lines().filter_map(|line| line.strip_prefix("FROM "));
    services
        .chain(stages)
        .filter_map(|line| line.split(' ').next())
        // A stage of the build has no tag, and ours is a setting.
        .filter(|name| name.contains(':') && !name.contains('$'))
        .map(full)
        .collect()
}

/// Docker's own registry is meant where none is named.
fn full(name: &str) -> String {
    match name.split_once('/') {
        None => format!("docker.io/library/{name}"),
        Some((registry, _)) if registry.contains('.') => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
    }
}

/// The folder of a stand-in is called as its image.
fn folder(name: &str) -> &str {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split(':').next().unwrap_or(last)
}

/// A hash of the files.
fn made_of(context: &Path, folder: &str) -> Result<String> {
    let mut files: Vec<PathBuf> = vec![context.join("refuse-unknown-variables")];
    let own = context.join(folder);
    ensure!(
        own.is_dir(),
        "{} has no stand-in {folder}",
        context.display()
    );
    for entry in fs::read_dir(own)? {
        files.push(entry?.path());
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read(file)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// What a build reads of this machine, and where.
fn volumes(places: &Places, folder: &str) -> Result<Vec<(PathBuf, &'static str)>> {
    let certificates = || (PathBuf::from("/etc/ssl/certs"), "/certificates");
    Ok(match folder {
        "kafka" => vec![(parts::distribution(places, Part::Kafka)?, "/distribution")],
        "mongo" => vec![(parts::distribution(places, Part::Mongo)?, "/distribution")],
        "node" => {
            let node = real_folder("node", 1)?;
            let modules = real_folder("npm", 3)?;
            vec![
                (node, "/node/bin"),
                (modules, "/node/modules"),
                certificates(),
            ]
        }
        "rust" => {
            let mut rustc = Command::new("rustc");
            let asked = rustc
                .args(["--print", "sysroot"])
                .current_dir(places.repository())
                .output()?;
            let toolchain = String::from_utf8(asked.stdout)?;
            vec![(toolchain.trim().into(), "/toolchain"), certificates()]
        }
        _ => Vec::new(),
    })
}

/// The folder so many levels above a program, whose name on the path may be a link.
fn real_folder(program: &str, above: usize) -> Result<PathBuf> {
    let file = apt::program(program).with_context(|| format!("{program} is not installed"))?;
    let file = fs::canonicalize(file)?;
    let folder = file.ancestors().nth(above);
    Ok(folder.context("a program lies in a folder")?.to_owned())
}

/// Debian's packages alone, from the mirror that this machine uses.
fn base(engine: &Engine) -> Result<()> {
    let start = Instant::now();
    let scratch = tempfile::tempdir_in(engine.scratch())?;
    let system = scratch.path().join("system");
    maven::run(
        Command::new("debootstrap")
            .args(["--variant=minbase", RELEASE])
            .arg(&system)
            .arg(mirror()),
    )?;
    let mut tar = Command::new("tar")
        .arg("-C")
        .arg(&system)
        .args(["-c", "."])
        .stdout(Stdio::piped())
        .spawn()?;
    let archive = tar.stdout.take().context("the output is piped")?;
    let imported = engine
        .command("podman")
        .args(["import", "-", BASE])
        .stdin(archive)
        .stdout(Stdio::null())
        .status()?;
    ensure!(
        tar.wait()?.success() && imported.success(),
        "podman import ended with {imported}"
    );
    println!("stand-in {:<21}{}", "debian", seconds(start));
    Ok(())
}

fn mirror() -> String {
    let lists = [
        "/etc/apt/sources.list",
        "/etc/apt/sources.list.d/debian.sources",
    ];
    let texts = lists
        .iter()
        .filter_map(|list| fs::read_to_string(list).ok());
    texts
        .flat_map(|text| {
            let words = text.lines().filter(|line| !line.starts_with('#'));
            let words: Vec<String> = words
                .flat_map(str::split_whitespace)
                .map(str::to_owned)
                .collect();
            words
        })
        .find(|word| word.starts_with("http"))
        .unwrap_or_else(|| DEFAULT_MIRROR.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_both_files_have_their_full_names_and_ours_is_none_of_them() {
        let compose = "  image: colloquy:${COLLOQUY_VERSION:-local}\n    image: nginx:1.28-bookworm\n    image: apache/kafka:4.3.1\n";
        let build = "FROM docker.io/library/rust:1 AS rust\nFROM rust AS build\nFROM gcr.io/distroless/cc:nonroot\n";
        let names: Vec<String> = named_in(compose, build).into_iter().collect();
        assert_eq!(
            names,
            [
                "docker.io/apache/kafka:4.3.1",
                "docker.io/library/nginx:1.28-bookworm",
                "docker.io/library/rust:1",
                "gcr.io/distroless/cc:nonroot"
            ]
        );
        assert_eq!(folder(&names[0]), "kafka");
    }
}
