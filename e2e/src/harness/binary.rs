//! Where the built binary is.

use std::{env, path::PathBuf};

use anyhow::{Context as _, Result};

/// `COLLOQUY_BIN`, or the `colloquy` that cargo put near this executable (`target/debug` beside `target/debug/deps`).
///
/// # Errors
/// Neither exists.
pub fn find() -> Result<PathBuf> {
    if let Some(path) = env::var_os("COLLOQUY_BIN") {
        return Ok(path.into());
    }
    let this = env::current_exe().context("the path of this executable is unknown")?;
    let name = format!("colloquy{}", env::consts::EXE_SUFFIX);
    this.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(&name))
        .find(|candidate| candidate.is_file())
        .context("no colloquy binary is built: run `cargo build -p colloquy` or set COLLOQUY_BIN")
}
