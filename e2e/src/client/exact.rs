//! One request whose path is sent byte for byte: the other client would tidy `..` and `//` away before sending.

use anyhow::{Context as _, Result};
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::http::Answer;

/// Sends `method path` to the system at `url` with these headers and no body.
///
/// # Errors
/// The path cannot be written in a request line, or there is no answer.
pub async fn exact(
    url: &str,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<Answer> {
    let authority = url
        .strip_prefix("http://")
        .context("only http:// is spoken here")?;
    let stream = TcpStream::connect(authority).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, authority);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Empty::<Bytes>::new())?;
    let exchange = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        // Ends the connection, and with it the other half of this join.
        drop(sender);
        anyhow::Ok(Answer::new(head.status.as_u16(), head.headers, &body))
    };
    let (answer, _) = tokio::join!(exchange, connection.with_upgrades());
    answer
}
