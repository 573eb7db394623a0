//! A system that a test kills in the middle of something, and starts again. Tests never ask which one it is (invariant 9).

use std::{env, path::PathBuf, process::Stdio};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use super::{Instance, System};

/// What carries a conversation: behind the public door both gateways, both nodes of WebSocket, and who writes messages down.
const KILLED: [&str; 6] = [
    "api-gateway-1",
    "api-gateway-2",
    "websocket-service-1",
    "websocket-service-2",
    "chat-command-service-1",
    "chat-command-service-2",
];

/// A system that can be killed. Only a test that runs alone may do it to the system of all tests, which this may be.
#[derive(Debug)]
pub enum Mortal {
    /// One process of the test's own, with its data folder.
    Own(Box<Instance>),
    /// The running system, and the menu that ends its processes and starts them.
    Running {
        /// Where it is, without a slash at the end.
        url: String,
        /// The executable of `xtask`.
        menu: PathBuf,
    },
}

impl Mortal {
    /// By `COLLOQUY_E2E_MODE`, as [`System::from_env`]; the running system also needs `COLLOQUY_E2E_MENU`, its menu's path.
    ///
    /// # Errors
    /// The variables make no sense, or the binary did not start.
    pub async fn from_env() -> Result<Self> {
        let system = System::from_env().await?;
        let url = system.url().to_owned();
        Ok(match system.into_instance() {
            Some(instance) => Self::Own(Box::new(instance)),
            None => Self::Running {
                url,
                menu: env::var_os("COLLOQUY_E2E_MENU")
                    .context("COLLOQUY_E2E_MENU says which xtask started the system")?
                    .into(),
            },
        })
    }

    /// Its address, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Own(instance) => instance.url(),
            Self::Running { url, .. } => url.clone(),
        }
    }

    /// Ends it with SIGKILL: nothing is flushed, nothing is said.
    ///
    /// # Errors
    /// It does not run.
    pub async fn kill(&mut self) -> Result<()> {
        match self {
            Self::Own(instance) => instance.kill(),
            Self::Running { menu, .. } => each(menu, "kill").await,
        }
    }

    /// Starts again what was killed, and waits until it is ready.
    ///
    /// # Errors
    /// It does not become ready.
    pub async fn start_again(&mut self) -> Result<()> {
        match self {
            Self::Own(instance) => instance.start_again().await.map(drop),
            Self::Running { menu, .. } => each(menu, "start").await,
        }
    }
}

async fn each(menu: &PathBuf, verb: &str) -> Result<()> {
    for process in KILLED {
        let mut command = Command::new(menu);
        command.args([verb, process]).stdin(Stdio::null());
        let output = command.output().await?;
        ensure!(output.status.success(), "{verb} {process}: {output:?}");
    }
    Ok(())
}
