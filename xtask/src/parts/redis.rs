//! Redis: Debian's, one node, nothing kept over a restart. Beside the plain port, where all may do everything, one with TLS.

use std::{fs, path::PathBuf, process::Command};

use anyhow::Result;

use super::{Recipe, apt, certificates};
use crate::{daemon::Daemon, places::Places, probe};

pub struct Redis {
    state: PathBuf,
    port: u16,
    tls_port: u16,
    tls: PathBuf,
}

/// What the user of the TLS port may do: all that Colloquy asks of Redis.
const RIGHTS: &str = "~* &* +@all -@admin -@dangerous +config|get +config|set";

/// The URL of the port with TLS.
pub fn tls_url(places: &Places) -> String {
    let (user, password) = (certificates::USER, certificates::PASSWORD);
    format!("rediss://{user}:{password}@127.0.0.1:{}", tls_port(places))
}

fn tls_port(places: &Places) -> u16 {
    places.port(6380)
}

impl Redis {
    pub fn new(places: &Places) -> Self {
        Self {
            state: places.state("redis"),
            port: places.port(6379),
            tls_port: tls_port(places),
            tls: certificates::folder(places),
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
            .args(["--tls-port", &self.tls_port.to_string()])
            .arg("--tls-cert-file")
            .arg(self.tls.join("server.pem"))
            .arg("--tls-key-file")
            .arg(self.tls.join("server.key"))
            .arg("--tls-ca-cert-file")
            .arg(self.tls.join("ca.pem"))
            .args(["--tls-auth-clients", "optional"])
            .args(["--user", certificates::USER, "on"])
            .arg(format!(">{}", certificates::PASSWORD))
            .args(RIGHTS.split(' '))
            // Keeps the command line, by which the process is recognised.
            .args(["--set-proc-title", "no"]);
        Ok(server)
    }

    fn is_ready(&self) -> bool {
        probe::answers(self.port, "PING\r\n", "+PONG")
    }
}
