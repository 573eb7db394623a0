//! Redis: Debian's, one node, nothing kept over a restart.

use std::{fs, path::PathBuf, process::Command};

use anyhow::Result;

use super::{Recipe, apt};
use crate::{daemon::Daemon, places::Places, probe};

pub struct Redis {
    state: PathBuf,
    port: u16,
}

impl Redis {
    pub fn new(places: &Places) -> Self {
        Self {
            state: places.state("redis"),
            port: places.port(6379),
        }
    }
}

impl Recipe for Redis {
    fn daemon(&self) -> Daemon {
        let marker = format!("--dir {}", self.state.display());
        Daemon::new(self.state.clone(), "redis", marker, self.port)
    }

    fn install(&self) -> Result<()> {
        apt::need("redis-server", "redis-server")
    }

    fn command(&self) -> Result<Command> {
        fs::create_dir_all(&self.state)?;
        let mut server = Command::new("redis-server");
        server
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .arg("--dir")
            .arg(&self.state)
            .args(["--save", "", "--appendonly", "no"])
            .args(["--notify-keyspace-events", "KEx"])
            // Keeps the command line, by which the process is recognised.
            .args(["--set-proc-title", "no"]);
        Ok(server)
    }

    fn is_ready(&self) -> bool {
        probe::answers(self.port, "PING\r\n", "+PONG")
    }
}
