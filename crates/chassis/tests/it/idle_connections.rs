//! Connections that a proxy keeps for its next request.

use std::time::Duration;

use axum::{Router, routing::get};
use colloquy_chassis::{Lifecycle, http_server, router::finish};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

const NGINX: &str = include_str!("../../../../deploy/nginx.conf");
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const TEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long nginx keeps an idle connection to the gateway.
fn kept_by_nginx() -> Duration {
    let (_, rest) = NGINX
        .split_once("keepalive 64; keepalive_timeout ")
        .unwrap();
    let (seconds, _) = rest.split_once("s;").unwrap();
    Duration::from_secs(seconds.parse().unwrap())
}

async fn is_answered(stream: &mut TcpStream) -> bool {
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = [0; 1024];
    let read = timeout(TEST_TIMEOUT, stream.read(&mut answer)).await;
    let count = read.unwrap().unwrap_or(0);
    answer[..count].starts_with(b"HTTP/1.1 200")
}

#[tokio::test]
async fn a_connection_that_nginx_still_keeps_is_still_served() {
    let router = finish(Router::new().route("/", get("x")));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let tasks = Lifecycle::default().tasks();
    tasks.spawn(http_server::serve(listener, router, tasks.clone()));
    assert!(is_answered(&mut stream).await);
    // A second more: the two do not begin to count at the same moment.
    sleep(kept_by_nginx() + Duration::from_secs(1)).await;
    assert!(is_answered(&mut stream).await);
}
