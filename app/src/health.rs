//! `colloquy health`: asks a running process whether it is ready, for health checks in images that hold no shell.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, bail};

const TIMEOUT: Duration = Duration::from_secs(4);
const NOT_READY: u8 = 1;
/// Of an answer that is longer than `/readyz` ever is, the rest is not read.
const LONGEST_ANSWER: u64 = 16 * 1024;

/// Prints what `/readyz` says; the exit code is 0 if the process is ready, 1 if not.
///
/// # Errors
/// No process of ours answers there.
pub fn run(address: SocketAddr) -> anyhow::Result<ExitCode> {
    let answer = ask(address).with_context(|| format!("{address} does not answer"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let said = || {
        let envelope: Envelope = serde_json::from_str(body).ok()?;
        Some(envelope.message)
    };
    let (Some(status), Some(message)) = (head.split(' ').nth(1), said()) else {
        bail!("what answers at {address} is not Colloquy");
    };
    println!("{message}");
    Ok(if status == "200" {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NOT_READY)
    })
}

#[derive(serde::Deserialize)]
struct Envelope {
    message: String,
}

fn ask(address: SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // All-in-one on loopback answers by this name alone.
    let port = address.port();
    let question =
        format!("GET /readyz HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    // At once: `write!` sends each part by itself, and a server may answer the first one and close.
    stream.write_all(question.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer)?;
    Ok(String::from_utf8(answer)?)
}
