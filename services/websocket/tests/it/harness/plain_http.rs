//! HTTP by hand, for requests that no client library would send.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// An answer.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: serde_json::Value,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Sends a request for the sockets' path with these header lines, and reads an answer with a JSON body.
pub async fn ask(address: SocketAddr, method: &str, headers: &[&str]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("{method} /ws/chat HTTP/1.1\r\nhost: {address}\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();

    let mut octets = Vec::new();
    loop {
        let read = stream.read_buf(&mut octets).await.unwrap();
        assert!(read > 0, "the answer is cut");
        let text = String::from_utf8_lossy(&octets);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        if let Ok(body) = serde_json::from_str(body) {
            let status = head.split(' ').nth(1).unwrap().parse().unwrap();
            return Answer {
                status,
                head: head.to_owned(),
                body,
            };
        }
    }
}
