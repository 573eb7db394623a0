//! A client that does not read.

use std::time::Duration;

use colloquy_websocket::Settings;

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

    let mut seen = 0;
    let code = loop {
        match slow.message().await {
            tokio_tungstenite::tungstenite::Message::Close(frame) => break frame.unwrap().code,
            message => {
                let text = message.into_text().unwrap();
                let (_, body) = text.trim_end_matches('\0').split_once("\n\n").unwrap();
                let body: serde_json::Value = serde_json::from_str(body).unwrap();
                seen += 1;
                assert_eq!(
                    body["seq"], seen,
                    "what came before the end came without a gap"
                );
            }
        }
    };
    assert_eq!(u16::from(code), 4500);
    assert!(seen < MESSAGES);
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
