//! Services that do not answer as a service does (decision 31, promise P6).

use std::{net::SocketAddr, sync::Arc, time::Duration};

use colloquy_api_gateway::upstream::FORWARD;
use colloquy_chassis::{Lifecycle, ServiceName, SystemClock};
use colloquy_credentials::internal_token::InternalSigner;
use colloquy_service_api::HttpTransport;
use http::{Request, StatusCode};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

use crate::{
    gateway::{World, read},
    sockets::listen,
};

/// What a service does, by the path it is called with.
const CASES: [(&str, &str, After, u16); 12] = [
    (
        "/right",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        After::Hangs,
        200,
    ),
    ("/silent", "", After::Hangs, 503),
    ("/gone", "", After::Closes, 503),
    (
        "/half-a-head",
        "HTTP/1.1 200 OK\r\ncontent-",
        After::Closes,
        503,
    ),
    (
        "/head-and-hangs",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n",
        After::Hangs,
        503,
    ),
    (
        "/half-a-body-and-hangs",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{",
        After::Hangs,
        503,
    ),
    (
        "/half-a-body",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{",
        After::Closes,
        503,
    ),
    ("/no-http", "SSH-2.0-Service\r\n\r\n", After::Closes, 502),
    (
        "/no-status",
        "HTTP/1.1 two hundred\r\n\r\n",
        After::Closes,
        502,
    ),
    (
        "/two-lengths",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        After::Hangs,
        502,
    ),
    (
        "/no-chunks",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n",
        After::Hangs,
        502,
    ),
    (
        "/far-too-much",
        "HTTP/1.1 200 OK\r\ncontent-length: 33554433\r\n\r\n",
        After::Floods,
        502,
    ),
];

#[derive(Clone, Copy)]
enum After {
    Hangs,
    Closes,
    Floods,
}

/// A service that answers each request with the bytes of its case.
fn broken_service() -> SocketAddr {
    let (listener, address) = listen();
    let tasks = Lifecycle::default().tasks();
    let connections = tasks.clone();
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(answer(stream));
        }
    });
    address
}

async fn answer(mut stream: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap();
    let case = CASES.iter().find(|(named, ..)| *named == path);
    let (_, bytes, after, _) = case.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    // Until the gateway gives up.
    match after {
        After::Closes => {}
        After::Hangs => drop(stream.read_u8().await),
        After::Floods => while stream.write_all(&[b' '; 64 * 1024]).await.is_ok() {},
    }
}

#[tokio::test]
async fn decision_31_what_cannot_be_read_is_502_what_is_late_or_gone_is_503_and_half_an_answer_none()
 {
    let world = World::with_upstreams(|keys| {
        let clock = Arc::new(SystemClock);
        let signer = InternalSigner::load(keys, ServiceName::ApiGateway, clock).unwrap();
        let address = format!("http://{}", broken_service());
        let upstream = HttpTransport::new(ServiceName::ChatQuery, &[address], signer, FORWARD);
        vec![(ServiceName::ChatQuery, Arc::new(upstream.unwrap()))]
    });
    let began = Instant::now();
    let mut asked = tokio::task::JoinSet::new();
    let world = Arc::new(world);
    for (path, _, _, expected) in CASES {
        let world = Arc::clone(&world);
        asked.spawn(async move {
            let request = Request::get(format!("/query{path}")).header("cookie", world.cookie());
            let response = world.send(request, "").await;
            let retry_after = response.headers().get("retry-after").cloned();
            let (status, body) = read(response).await;
            assert_eq!(status, expected, "{path}: {body}");
            assert_eq!(retry_after.is_some(), status == 503, "{path}");
            if status != StatusCode::OK {
                assert_eq!(body["success"], false, "{path}: {body}");
            }
        });
    }
    while let Some(outcome) = asked.join_next().await {
        outcome.unwrap();
    }
    // The gateway gives up after 4.8 s (promise P6); the rest is room for a busy machine.
    assert!(began.elapsed() < Duration::from_secs(7));
}
