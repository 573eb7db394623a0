//! Where things lie: the repository, the folder of the parts, the ports.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

const DEFAULT_PARTS: &str = "/var/tmp/colloquy-parts";
const DEFAULT_PORT_BASE: u16 = 20_000;

/// The folders and ports of one run.
#[derive(Clone, Debug)]
pub struct Places {
    repository: PathBuf,
    parts: PathBuf,
    port_base: u16,
}

impl Places {
    /// Reads `COLLOQUY_PARTS` (the folder of the parts, which user `postgres` must be able to
    /// traverse) and `COLLOQUY_PARTS_PORT_BASE` (all ports are counted from it).
    ///
    /// # Errors
    /// When the port base is not a number that leaves room for all ports.
    pub fn from_env() -> Result<Self> {
        let port_base = match env::var("COLLOQUY_PARTS_PORT_BASE") {
            Ok(text) => text
                .parse()
                .ok()
                .filter(|base| (1024..=50_000).contains(base))
                .with_context(|| {
                    format!("COLLOQUY_PARTS_PORT_BASE is {text:?}, wanted 1024 to 50000")
                })?,
            Err(_) => DEFAULT_PORT_BASE,
        };
        // Cargo says where, when it runs this: the binary may come from another clone that shares the target folder.
        let package =
            env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let repository = Path::new(&package)
            .parent()
            .context("xtask lies in a folder of the repository")?;
        let parts = env::var_os("COLLOQUY_PARTS").unwrap_or_else(|| DEFAULT_PARTS.into());
        Ok(Self {
            repository: repository.to_owned(),
            parts: parts.into(),
            port_base,
        })
    }

    /// The root of the repository.
    pub fn repository(&self) -> &Path {
        &self.repository
    }

    /// What was downloaded for a part; outlives `parts reset`.
    pub fn distribution(&self, name: &str) -> PathBuf {
        self.parts.join("dist").join(name)
    }

    /// What a part or the system keeps while it runs.
    pub fn state(&self, name: &str) -> PathBuf {
        self.parts.join(name)
    }

    /// The port that lies `offset` above the base.
    pub fn port(&self, offset: u16) -> u16 {
        self.port_base + offset
    }

    /// A `cargo` that runs in the repository.
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.repository);
        cargo
    }

    /// The folder of what cargo builds.
    pub fn target(&self) -> PathBuf {
        let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        self.repository.join(target)
    }

    /// The `colloquy` binary of a profile's folder (`debug` or `release`).
    pub fn binary(&self, profile: &str) -> PathBuf {
        self.target().join(profile).join("colloquy")
    }
}

#[cfg(test)]
impl Places {
    /// Places for a test that starts nothing.
    pub fn fixture(parts: &Path) -> Self {
        Self {
            repository: PathBuf::from("/nowhere"),
            parts: parts.to_owned(),
            port_base: DEFAULT_PORT_BASE,
        }
    }
}
