//! One request whose every byte is chosen: spellings that no HTTP client would send.

use anyhow::{Context as _, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::http::Answer;
use crate::harness::DEADLINE;

/// Sends `request` to the system at `url` as it is, and reads one answer. The request should ask to close.
///
/// # Errors
/// There is no answer that can be read.
pub async fn raw(url: &str, request: &[u8]) -> Result<Answer> {
    let authority = url
        .strip_prefix("http://")
        .context("only http:// is spoken here")?;
    let mut stream = TcpStream::connect(authority).await?;
    stream.write_all(request).await?;
    let mut bytes = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut bytes)).await??;
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .context("an answer without an end of its head")?;
    let head = std::str::from_utf8(&bytes[..end])?;
    let (status, lines) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = status.split(' ').nth(1).context("a status line")?.parse()?;
    let mut headers = HeaderMap::new();
    for line in lines.split("\r\n") {
        if let Some((name, value)) = line.split_once(':') {
            headers.append(
                HeaderName::try_from(name)?,
                HeaderValue::from_str(value.trim())?,
            );
        }
    }
    Ok(Answer::new(status, headers, &bytes[end + 4..]))
}
