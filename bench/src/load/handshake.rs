//! From a TCP connection to a subscribed client, by hand.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::websocket::{self, FrameReader};

/// Octets read at once while connecting.
const CHUNK: usize = 2048;

/// Upgrades at `path`, with a session's token if there is one, and returns the socket when the server has answered 101.
///
/// # Errors
/// The server refuses, or is gone.
pub async fn upgrade(server: SocketAddr, path: &str, token: Option<&str>) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let cookie = token.map_or_else(String::new, |token| {
        format!("Cookie: jwt_token={token}\r\n")
    });
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{cookie}\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(512);
    while !answer.ends_with(b"\r\n\r\n") {
        // One octet beyond the head would belong to the first frame, and no server speaks before its client here.
        let read = stream.read_buf(&mut answer).await?;
        ensure!(read > 0, "the server hung up during the handshake");
    }
    ensure!(
        answer.starts_with(b"HTTP/1.1 101 "),
        "no upgrade: {}",
        String::from_utf8_lossy(&answer)
    );
    Ok(stream)
}

/// Opens a STOMP session and subscribes to a room's messages; returns when both have taken effect.
///
/// # Errors
/// The server refuses, or is gone.
pub async fn subscribe(stream: &mut TcpStream, room: i64) -> Result<()> {
    let connect = "CONNECT\naccept-version:1.2\nhost:bench\nheart-beat:0,10000\n\n\0";
    let subscribe =
        format!("SUBSCRIBE\nid:sub-0\ndestination:/topic/message/roomId/{room}\nreceipt:r\n\n\0");
    let mut frames = websocket::text(connect);
    frames.extend(websocket::text(&subscribe));
    stream.write_all(&frames).await?;

    let mut reader = FrameReader::default();
    let mut chunk = [0; CHUNK];
    let mut confirmed = false;
    let mut refused = None;
    while !confirmed {
        let read = stream.read(&mut chunk).await?;
        ensure!(
            read > 0,
            "the server hung up before it confirmed the subscription"
        );
        reader.read(&chunk[..read], |_, payload| {
            confirmed |= payload.starts_with(b"RECEIPT\n");
            if payload.starts_with(b"ERROR\n") {
                refused = Some(String::from_utf8_lossy(payload).into_owned());
            }
        });
        if let Some(error) = refused.take() {
            return Err(anyhow::Error::msg(error)).context("the subscription was refused");
        }
    }
    Ok(())
}
