//! What the machine gives a process: an address to listen on, and file descriptors.

use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use tokio::{net::TcpStream, time::timeout};

use super::finding::Finding;

const LISTENER: &str = "machine.listener";
const DESCRIPTORS: &str = "machine.descriptors";
/// Each connection takes one, and so does each file and each connection to a store.
const FEW_DESCRIPTORS: u64 = 4096;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Whether another program has the address at which an all-in-one system is to listen.
pub async fn listener(listen: &str, is_running: bool) -> Finding {
    let (host, port) = listen.rsplit_once(':').unwrap_or((listen, ""));
    let host = match host {
        "0.0.0.0" => "127.0.0.1",
        "[::]" => "[::1]",
        host => host,
    };
    let connected = timeout(
        CONNECT_TIMEOUT,
        TcpStream::connect(format!("{host}:{port}")),
    )
    .await;
    match (connected, is_running) {
        (Ok(Ok(_)), true) => Finding::ok(LISTENER, format!("{listen} is served")),
        (Ok(Ok(_)), false) => Finding::fail(
            LISTENER,
            format!("another program listens at {listen}, so the system could not start"),
            "end that program, or choose another address with --listen",
        ),
        (_, true) => Finding::ok(
            LISTENER,
            format!("a process has the data folder; it does not listen at {listen}"),
        ),
        (_, false) => Finding::ok(LISTENER, format!("{listen} is free")),
    }
}

/// A service has limits of its own, which its unit or its container sets.
pub fn descriptors() -> Finding {
    let Some(limit) = getrlimit(Resource::Nofile).current else {
        return Finding::ok(DESCRIPTORS, "without a limit");
    };
    let found = format!("a process that is started from here may have {limit}");
    if limit >= FEW_DESCRIPTORS {
        return Finding::ok(DESCRIPTORS, found);
    }
    Finding::warn(
        DESCRIPTORS,
        format!("{found}, and each connection takes one"),
        "raise it: `ulimit -n 65536`, in a unit LimitNOFILE=65536",
    )
}
