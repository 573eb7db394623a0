//! Every process of the distributed system that `cargo xtask up` has started is ended by SIGTERM and started again, one after the
//! other, while people write, ask and watch through nginx. It needs what the other tests of the distributed mode need, and
//! runs alone.

use std::{env, ffi::OsString, process::Stdio};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::rolling;
use tokio::process::Command;

#[tokio::test]
async fn f31_restarting_every_process_under_load_loses_nothing() -> Result<()> {
    let menu = env::var_os("COLLOQUY_E2E_MENU")
        .context("COLLOQUY_E2E_MENU says which xtask started the system")?;
    let status = run(&menu, &["status"]).await?;
    let processes: Vec<_> = status
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    ensure!(processes.len() >= 8, "{status}");
    rolling::restart_all(&processes, None, async |process| {
        run(&menu, &["restart", process]).await.map(drop)
    })
    .await
}

async fn run(menu: &OsString, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(menu);
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().await?;
    ensure!(output.status.success(), "{arguments:?}: {output:?}");
    Ok(String::from_utf8(output.stdout)?)
}
