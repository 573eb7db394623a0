//! Where each file of an installation is, below one root.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::{Release, install, output};
use crate::places::Places;

/// From the repository, and where it is installed.
const FILES: [(&str, &str); 13] = [
    (
        "deploy/systemd/colloquy.service",
        "usr/lib/systemd/system/colloquy.service",
    ),
    (
        "deploy/systemd/colloquy@.service",
        "usr/lib/systemd/system/colloquy@.service",
    ),
    (
        "deploy/systemd/secrets.conf",
        "usr/share/doc/colloquy/examples/secrets.conf",
    ),
    (
        "deploy/nginx.conf",
        "usr/share/doc/colloquy/examples/nginx.conf",
    ),
    (
        "deploy/prometheus/alerts.yaml",
        "usr/share/doc/colloquy/examples/prometheus-alerts.yaml",
    ),
    (
        "deploy/grafana/colloquy.json",
        "usr/share/doc/colloquy/examples/grafana-dashboard.json",
    ),
    ("deploy/debian/colloquy.toml", "etc/colloquy/colloquy.toml"),
    ("LICENSE", "usr/share/doc/colloquy/copyright"),
    ("CHANGELOG.md", "usr/share/doc/colloquy/CHANGELOG.md"),
    (
        "docs/operating/backup-and-restore.md",
        "usr/share/doc/colloquy/backup-and-restore.md",
    ),
    (
        "docs/operating/before-others-use-it.md",
        "usr/share/doc/colloquy/before-others-use-it.md",
    ),
    (
        "docs/operating/troubleshooting.md",
        "usr/share/doc/colloquy/troubleshooting.md",
    ),
    (
        "docs/operating/watching.md",
        "usr/share/doc/colloquy/watching.md",
    ),
];
/// What the binary writes for each shell, and where the shell looks for it.
const COMPLETIONS: [(&str, &str); 3] = [
    (
        "colloquy.bash",
        "usr/share/bash-completion/completions/colloquy",
    ),
    ("_colloquy", "usr/share/zsh/vendor-completions/_colloquy"),
    (
        "colloquy.fish",
        "usr/share/fish/vendor_completions.d/colloquy.fish",
    ),
];

/// Makes the tree of an installation.
///
/// # Errors
/// A file is missing or cannot be written.
pub fn make(places: &Places, release: &Release) -> Result<PathBuf> {
    let tree = release.scratch.join(format!(
        "colloquy-{}-linux-{}",
        release.version, release.architecture
    ));
    install(&release.binary, &tree.join("usr/bin/colloquy"), "755")?;
    for (from, to) in FILES {
        install(&places.repository().join(from), &tree.join(to), "644")?;
    }
    let written = release.scratch.join("manual");
    output(Command::new(&release.binary).arg("manual").arg(&written))?;
    for (from, to) in COMPLETIONS {
        install(
            &written.join("completions").join(from),
            &tree.join(to),
            "644",
        )?;
    }
    for page in fs::read_dir(written.join("man"))? {
        let page = page?;
        let name = page.file_name();
        let to = tree.join("usr/share/man/man1").join(name);
        install(&page.path(), &to, "644")?;
        output(Command::new("gzip").args(["-9", "-n"]).arg(&to))?;
    }
    Ok(tree)
}

/// Packs the tree, which is unpacked over `/` or, to look at it, anywhere else.
///
/// # Errors
/// `tar` fails.
pub fn archive(release: &Release, tree: &Path) -> Result<PathBuf> {
    let name = tree.file_name().unwrap_or_default().to_string_lossy();
    let archive = release.into.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
        .arg(format!("--mtime=@{}", release.made_at))
        .args(["--use-compress-program", "gzip -9 -n", "--create", "--file"])
        .arg(&archive)
        .arg("--directory")
        .arg(&release.scratch)
        .arg(&*name);
    output(&mut tar)?;
    Ok(archive)
}
