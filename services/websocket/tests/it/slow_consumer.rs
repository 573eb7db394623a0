//! Clients that do not read, and one that reads slowly.

use std::time::Duration;

use colloquy_websocket::{Settings, send_queue::NO_PROGRESS_TIMEOUT};
use futures_util::SinkExt as _;
use tokio::{io::AsyncReadExt as _, time::Instant};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{
    ALICE, BOB, Node, client::Client, events::long_message, eventually, memory_log::MemoryLog,
};

const ROOM: &str = "/topic/message/roomId/1";
/// Together far more than the kernel and the queue hold for one socket.
const MESSAGES: i64 = 4_000;
const TEXT: usize = 4_000;

#[tokio::test]
async fn f20_a_slow_reader_is_closed_with_a_reason_and_the_others_get_everything() {
    let log = MemoryLog::default();
    let node = Node::with(
        &log,
        Settings {
            queue_bytes: 256 * 1024,
            ..Settings::default()
        },
    )
    .await;
    let mut slow = Client::connected(node.address, ALICE).await;
    let mut quick = Client::connected(node.address, BOB).await;
    for client in [&mut slow, &mut quick] {
        client.subscribe("0", ROOM).await;
    }

    for seq in 1..=MESSAGES {
        log.add(long_message(1, seq, "x".repeat(TEXT))).await;
        assert_eq!(quick.seq().await, seq);
    }

    let mut last = 0;
    let code = loop {
        match slow.message().await {
            tokio_tungstenite::tungstenite::Message::Close(frame) => break frame.unwrap().code,
            message => {
                let text = message.into_text().unwrap();
                let (_, body) = text.trim_end_matches('\0').split_once("\n\n").unwrap();
                let body: serde_json::Value = serde_json::from_str(body).unwrap();
                last += 1;
                assert_eq!(
                    body["seq"], last,
                    "what came before the end came without a gap"
                );
            }
        }
    };
    assert_eq!(u16::from(code), 4500);
    assert!(last < MESSAGES);
}

#[tokio::test]
async fn f20_a_write_that_stalls_too_long_ends_the_connection_though_its_queue_has_room() {
    let log = MemoryLog::default();
    let settings = Settings {
        queue_bytes: usize::MAX,
        write_within: Duration::from_millis(200),
        ..Settings::default()
    };
    let node = Node::with(&log, settings).await;
    let mut stalled = Client::connected(node.address, ALICE).await;
    stalled.subscribe("0", ROOM).await;
    for seq in 1..=MESSAGES {
        log.add(long_message(1, seq, "x".repeat(TEXT))).await;
    }
    eventually(|| node.websocket.open_connections() == 0).await;
    assert_eq!(stalled.closed().await.0, 4500);
}

#[tokio::test]
async fn f20_a_client_that_reads_steadily_is_not_slow_however_long_it_takes() {
    const MESSAGES: i64 = 100;
    let log = MemoryLog::default();
    let settings = Settings {
        write_within: Duration::from_secs(1),
        ..Settings::default()
    };
    let node = Node::narrow(&log, settings.clone()).await;
    let mut steady = Client::narrow(node.address, ALICE).await;
    steady.subscribe("0", ROOM).await;
    for seq in 1..=MESSAGES {
        log.add(long_message(1, seq, "x".repeat(TEXT))).await;
    }
    let begun = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    for seq in 1..=MESSAGES {
        pace.tick().await;
        assert_eq!(steady.seq().await, seq);
    }
    assert!(2 * begun.elapsed() > 3 * settings.write_within);
}

/// Each frame takes longer to leave than a client may take nothing, while the queue is beyond its limit.
#[tokio::test]
async fn b18_f20_a_client_that_reads_large_frames_slowly_gets_all_of_them() {
    const LARGE: usize = 100_000;
    let log = MemoryLog::default();
    let settings = Settings {
        queue_bytes: 256 * 1024,
        ..Settings::default()
    };
    let node = Node::narrow(&log, settings).await;
    let mut slow = Client::narrow(node.address, ALICE).await;
    slow.subscribe("0", ROOM).await;
    let adding = async {
        for seq in 1..=6 {
            if seq == 6 {
                tokio::time::sleep(2 * NO_PROGRESS_TIMEOUT).await;
            }
            log.add(long_message(1, seq, "x".repeat(LARGE))).await;
        }
    };
    let reading = async {
        let (mut octets, mut read) = ([0; 2048], 0);
        let mut pace = tokio::time::interval(Duration::from_millis(5));
        while read < 6 * LARGE {
            pace.tick().await;
            read += slow.0.get_mut().read(&mut octets).await.unwrap();
        }
    };
    tokio::join!(adding, reading);
    assert_eq!(node.websocket.open_connections(), 1);
}

/// A PING that is answered and whose PONG is not taken: nothing else waits, and each PING shows that the client is there.
#[tokio::test]
async fn f20_a_client_that_does_not_take_the_pongs_it_asks_for_is_closed() {
    let settings = Settings {
        write_within: Duration::from_millis(200),
        frame_burst: u32::MAX,
        ..Settings::default()
    };
    let node = Node::narrow(&MemoryLog::default(), settings).await;
    let mut flooding = Client::narrow(node.address, ALICE).await;
    let flood = async {
        let ping = Message::Ping(vec![7; 125].into());
        while flooding.0.send(ping.clone()).await.is_ok() {}
    };
    tokio::select! {
        () = flood => {}
        () = eventually(|| node.websocket.open_connections() == 0) => {}
    }
    eventually(|| node.websocket.is_idle()).await;
}
