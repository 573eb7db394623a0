//! A WebSocket whose every octet is chosen (RFC 6455 §5): for frames that no client would send.

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::stomp::PATH;
use crate::harness::DEADLINE;

/// Masks every payload: any four octets do.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Opcodes of RFC 6455 §5.2.
pub mod opcode {
    /// Goes on with a fragmented message.
    pub const CONTINUATION: u8 = 0x0;
    /// Text.
    pub const TEXT: u8 = 0x1;
    /// Octets.
    pub const BINARY: u8 = 0x2;
    /// The end.
    pub const CLOSE: u8 = 0x8;
    /// Are you there?
    pub const PING: u8 = 0x9;
    /// I am.
    pub const PONG: u8 = 0xa;
}

/// The first octet of a frame: the last of its message.
pub const FIN: u8 = 0x80;

/// A masked frame with this first octet.
#[must_use]
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![first];
    match payload.len() {
        short @ 0..=125 => octets.push(0x80 | u8::try_from(short).unwrap_or(0)),
        medium @ 126..=65535 => {
            octets.push(0x80 | 126);
            octets.extend(u16::try_from(medium).unwrap_or(0).to_be_bytes());
        }
        long => {
            octets.push(0x80 | 127);
            octets.extend((long as u64).to_be_bytes());
        }
    }
    octets.extend(MASK);
    octets.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(octet, mask)| octet ^ mask),
    );
    octets
}

/// What the server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFrame {
    /// With FIN and RSV.
    pub first: u8,
    /// The payload.
    pub payload: Vec<u8>,
}

impl ServerFrame {
    /// The opcode alone.
    #[must_use]
    pub fn opcode(&self) -> u8 {
        self.first & 0x0f
    }

    /// The code of a Close frame; `None` for one without.
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        let code = self.payload.first_chunk::<2>()?;
        Some(u16::from_be_bytes(*code))
    }
}

/// An upgraded connection.
#[derive(Debug)]
pub struct Octets(BufReader<TcpStream>);

impl Octets {
    /// Upgrades with this cookie.
    ///
    /// # Errors
    /// The upgrade was refused.
    pub async fn open(url: &str, token: &str) -> Result<Self> {
        let authority = url.strip_prefix("http://").context("only http://")?;
        let mut stream = BufReader::new(TcpStream::connect(authority).await?);
        let request = format!(
            "GET {PATH} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Cookie: jwt_token={token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(DEADLINE, stream.read_u8()).await??);
        }
        let head = String::from_utf8(head)?;
        ensure!(head.starts_with("HTTP/1.1 101 "), "{head}");
        // The answer to the sample key of RFC 6455 §1.3.
        ensure!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        Ok(Self(stream))
    }

    /// Sends octets as they are.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn send(&mut self, octets: &[u8]) -> Result<()> {
        Ok(self.0.write_all(octets).await?)
    }

    /// The next frame; `None` at the end of the connection.
    ///
    /// # Errors
    /// Nothing came in time, or half a frame.
    pub async fn next(&mut self) -> Result<Option<ServerFrame>> {
        timeout(DEADLINE, self.read())
            .await
            .context("no frame in time")?
    }

    async fn read(&mut self) -> Result<Option<ServerFrame>> {
        let Ok(first) = self.0.read_u8().await else {
            return Ok(None);
        };
        let length = self.0.read_u8().await?;
        ensure!(length & 0x80 == 0, "a server masks nothing (RFC 6455 §5.1)");
        let length = match length {
            126 => u64::from(self.0.read_u16().await?),
            127 => self.0.read_u64().await?,
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length)?];
        self.0.read_exact(&mut payload).await?;
        Ok(Some(ServerFrame { first, payload }))
    }
}
