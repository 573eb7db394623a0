//! Clients that ask for much and read nothing (reliability.md S20).

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::get,
};
use colloquy_chassis::{Lifecycle, http_server, router::finish};
use hyper::body::Frame;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc,
    time::timeout,
};

const READING_TIMEOUT: Duration = Duration::from_secs(1);
const TEST_TIMEOUT: Duration = Duration::from_secs(10);

/// A body that never ends, and tells when the server drops it.
struct Endless(mpsc::UnboundedSender<()>);

impl Drop for Endless {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(
            &[b'x'; 64 * 1024],
        )))))
    }
}

async fn serve(dropped: mpsc::UnboundedSender<()>) -> SocketAddr {
    let much = async move || Body::new(Endless(dropped.clone()));
    let router = finish(
        Router::new()
            .route("/much", get(much))
            .route("/little", get("x")),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tasks = Lifecycle::default().tasks();
    let serving = http_server::serve_limited(listener, router, tasks.clone(), READING_TIMEOUT);
    tasks.spawn(serving);
    address
}

/// Asks over a connection that stays open.
async fn ask(client: &mut TcpStream) {
    let request = b"GET /little HTTP/1.1\r\nHost: here\r\n\r\n";
    client.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nx") {
        assert!(client.read_buf(&mut answer).await.unwrap() > 0);
    }
}

#[tokio::test]
async fn s20_a_client_that_does_not_read_its_answer_is_cut_and_an_idle_one_is_not() {
    let (dropped, mut endings) = mpsc::unbounded_channel();
    let address = serve(dropped).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    ask(&mut idle).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1).unwrap();
    let mut slow = socket.connect(address).await.unwrap();
    let request = b"GET /much HTTP/1.1\r\nHost: here\r\n\r\n";
    slow.write_all(request).await.unwrap();
    timeout(TEST_TIMEOUT, endings.recv())
        .await
        .unwrap()
        .unwrap();
    ask(&mut idle).await;
}
