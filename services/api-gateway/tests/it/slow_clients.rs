//! Clients that take their time on purpose (reliability.md S20).

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::{
    gateway::World,
    sockets::{exchange, serve},
};

const GOOD: &str = "POST /auth/login HTTP/1.1\r\nHost: chat.example\r\nConnection: close\r\n\r\n";

/// Sends the beginning, then a byte each half second, until the server closes; answers what it said and when.
async fn dribble(gateway: SocketAddr, beginning: &str) -> (String, Duration) {
    let began = Instant::now();
    let mut stream = TcpStream::connect(gateway).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    writing.write_all(beginning.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    loop {
        tokio::select! {
            read = reading.read_buf(&mut answer) => match read {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            },
            () = sleep(Duration::from_millis(500)) => {
                let _ = writing.write_all(b"x").await;
            }
        }
    }
    (String::from_utf8(answer).unwrap(), began.elapsed())
}

#[tokio::test]
async fn s20_slow_heads_and_slow_bodies_are_cut_within_15_s_and_others_do_not_notice() {
    let world = World::new();
    let gateway = serve(world.router.clone());
    let body = "POST /auth/login HTTP/1.1\r\nHost: chat.example\r\n\
                Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
    let chunks = "POST /auth/login HTTP/1.1\r\nHost: chat.example\r\n\
                  Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{";
    let slow = async {
        tokio::join!(
            dribble(gateway, ""),
            dribble(
                gateway,
                "POST /auth/login HTTP/1.1\r\nHost: chat.example\r\nX-Other: "
            ),
            dribble(gateway, body),
            dribble(gateway, chunks),
        )
    };
    let good = async {
        let (status, _) = exchange(gateway, GOOD).await;
        assert_eq!(status, 200);
    };
    let (slow, ()) = tokio::join!(slow, good);
    for ((answer, took), expected) in [
        (slow.0, None),
        (slow.1, None),
        (slow.2, Some("HTTP/1.1 400 ")),
        (slow.3, Some("HTTP/1.1 400 ")),
    ] {
        assert!(took < Duration::from_secs(15), "{took:?}");
        assert!(
            expected.map_or(answer.is_empty(), |expected| answer.starts_with(expected)),
            "{answer}"
        );
    }
}
