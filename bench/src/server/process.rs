//! A server's process, and the one line by which it announces its address.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};
use colloquy_chassis::readiness::Readiness;

/// Which server.
#[derive(Clone, Copy, Debug)]
pub enum Kind<'a> {
    /// The push side, with the folder of its keys.
    Push(&'a Path),
    /// The baseline: one write a frame.
    Broadcaster,
    /// The baseline at saturation: one write for all frames that wait.
    Coalescing,
    /// The baseline of a request.
    EmptyHandler,
}

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    orders: ChildStdin,
    address: SocketAddr,
}

impl ServerProcess {
    /// Starts one with so many rooms; returns when it serves.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(kind: Kind<'_>, rooms: usize) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        let rooms = ["--rooms".to_owned(), rooms.to_string()];
        match kind {
            Kind::Push(keys) => command
                .args(["push-server", "--keys"])
                .arg(keys)
                .args(rooms),
            Kind::Broadcaster => command.arg("broadcaster").args(rooms),
            Kind::Coalescing => command.args(["broadcaster", "--coalesce"]).args(rooms),
            Kind::EmptyHandler => command.arg("empty-handler"),
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = child.stdin.take().context("standard input is piped")?;
        let output = child.stdout.take().context("standard output is piped")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().parse().context("the server did not start")?;
        Ok(Self {
            child,
            orders,
            address,
        })
    }

    /// Where it serves.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Orders `count` messages at `rate` a second.
    ///
    /// # Errors
    /// It is gone.
    pub fn publish(&mut self, rate: u64, count: u64) -> Result<()> {
        Ok(writeln!(self.orders, "{rate} {count}")?)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says on standard output where this process serves.
pub fn announce(address: SocketAddr) {
    println!("{address}");
}

/// Waits until nothing is waited for.
pub async fn wait_until_ready(readiness: &Readiness) {
    while !readiness.waiting_for().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
