//! The same gateway over a socket, for whatever only the bytes of a request can say.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use colloquy_chassis::{Lifecycle, http_server};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A socket that listens on this machine, and where.
pub fn listen() -> (TcpListener, SocketAddr) {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (TcpListener::from_std(listener).unwrap(), address)
}

/// Serves a router as in production, until the test ends.
pub fn serve(router: Router) -> SocketAddr {
    let (listener, address) = listen();
    let tasks = Lifecycle::default().tasks();
    tasks.spawn(http_server::serve(listener, router, tasks.clone()));
    address
}

/// Sends these bytes, and answers the status and the JSON, or null if the answer has none.
pub async fn exchange(address: SocketAddr, request: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}
