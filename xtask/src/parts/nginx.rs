//! nginx: Debian's, the public door of the distributed system, with the configuration of `deploy/`.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result};
use rustix::process::Signal;

use super::{Recipe, apt};
use crate::{daemon::Daemon, places::Places, system::layout};

const TEMPLATE: &str = include_str!("../../../deploy/nginx.conf");

pub struct Nginx {
    state: PathBuf,
    port: u16,
    gateways: Vec<u16>,
    websocket_nodes: Vec<u16>,
}

impl Nginx {
    pub fn new(places: &Places) -> Self {
        Self {
            state: places.state("nginx"),
            port: layout::public_port(places),
            gateways: layout::ports_of(places, "api-gateway"),
            websocket_nodes: layout::ports_of(places, "websocket-service"),
        }
    }

    fn file(&self) -> PathBuf {
        self.state.join("nginx.conf")
    }

    fn configuration(&self) -> String {
        // Root's worker would give up its rights and could not write below the state folder.
        let user = if apt::is_root() { "user root;" } else { "" };
        TEMPLATE
            .replace("${COLLOQUY_USER}", user)
            .replace("${COLLOQUY_FOLDER}", &self.state.display().to_string())
            .replace("${COLLOQUY_LISTEN}", &format!("127.0.0.1:{}", self.port))
            .replace("${COLLOQUY_GATEWAYS}", &servers(&self.gateways))
            .replace(
                "${COLLOQUY_WEBSOCKET_NODES}",
                &servers(&self.websocket_nodes),
            )
    }
}

fn servers(ports: &[u16]) -> String {
    let lines: Vec<String> = ports
        .iter()
        .map(|port| format!("server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;"))
        .collect();
    lines.join(" ")
}

impl Recipe for Nginx {
    fn daemon(&self) -> Daemon {
        let marker = self.file().display().to_string();
        Daemon::new(self.state.clone(), "nginx", marker, self.port)
    }

    fn install(&self) -> Result<()> {
        apt::need("nginx", "nginx")
    }

    fn command(&self) -> Result<Command> {
        fs::create_dir_all(&self.state)?;
        fs::write(self.file(), self.configuration())?;
        let mut server = Command::new(apt::program("nginx").context("nginx is not installed")?);
        server
            .args(["-g", "daemon off;", "-e", "stderr", "-p"])
            .arg(&self.state)
            .arg("-c")
            .arg(self.file());
        Ok(server)
    }

    /// At once: a graceful end would wait for every open WebSocket.
    fn stop_signal(&self) -> Signal {
        Signal::TERM
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_filled_in_completely() {
        let folder = tempfile::tempdir().unwrap();
        let nginx = Nginx::new(&Places::fixture(folder.path()));
        let configuration = nginx.configuration();
        assert!(!configuration.contains("${"), "{configuration}");
        assert!(configuration.contains("listen 127.0.0.1:28080;"));
        for port in [21081, 21181, 21082, 21182] {
            assert!(
                configuration.contains(&format!("127.0.0.1:{port} ")),
                "{port}"
            );
        }
    }
}
