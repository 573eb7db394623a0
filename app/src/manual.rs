//! `colloquy manual DIR`: the pages of the manual and the completions of shells, for those who make packages.

use std::{fs, path::Path};

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;

const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// Writes `man/*.1` and `completions/*` into a folder.
///
/// # Errors
/// A file cannot be written.
pub fn write(into: &Path) -> anyhow::Result<()> {
    let (man, completions) = (into.join("man"), into.join("completions"));
    for folder in [&man, &completions] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    clap_mangen::generate_to(Cli::command(), &man)?;
    for shell in SHELLS {
        clap_complete::generate_to(shell, &mut Cli::command(), "colloquy", &completions)?;
    }
    Ok(())
}
