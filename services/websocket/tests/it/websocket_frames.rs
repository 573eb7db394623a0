//! STOMP frames in WebSocket messages, and what is wrong beneath STOMP.

use std::time::Duration;

use bytes::Bytes;
use colloquy_websocket::{Settings, stomp::HeartBeat};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::AsyncWriteExt as _,
    time::{Instant, timeout},
};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use crate::harness::{ALICE, Node, SOON, client::Client, eventually, memory_log::MemoryLog, token};

const EXTEND: &str = "SEND\ndestination:/app/extendOnline\nreceipt:";

fn extend(receipt: &str) -> String {
    format!("{EXTEND}{receipt}\n\n\0")
}

async fn expect_receipt(client: &mut Client, receipt: &str) {
    assert_eq!(
        client.frame().await,
        format!("RECEIPT\nreceipt-id:{receipt}\n\n")
    );
}

async fn connected(settings: Settings) -> (Node, Client) {
    let node = Node::with(&MemoryLog::default(), settings).await;
    let client = Client::connected(node.address, ALICE).await;
    (node, client)
}

#[tokio::test]
async fn stomp_w4_text_and_binary_messages_mix() {
    let (_node, mut client) = connected(Settings::default()).await;
    client.0.send(Message::binary(extend("b"))).await.unwrap();
    client.say(&extend("t")).await;
    expect_receipt(&mut client, "b").await;
    expect_receipt(&mut client, "t").await;
}

#[tokio::test]
async fn stomp_w5_frames_need_not_fit_messages() {
    let (_node, mut client) = connected(Settings::default()).await;
    client
        .say(&format!("\n{}\r\n\n{}\n", extend("1"), extend("2")))
        .await;
    for receipt in ["1", "2"] {
        expect_receipt(&mut client, receipt).await;
    }
    let (head, tail) = EXTEND.split_at(7);
    client.say(head).await;
    client.say(tail).await;
    client.say("3\n\n\0").await;
    expect_receipt(&mut client, "3").await;
}

#[tokio::test]
async fn stomp_w6_a_ping_between_fragments_is_answered_at_once() {
    let (_node, mut client) = connected(Settings::default()).await;
    let text = extend("f");
    let (first, rest) = text.split_at(10);
    let fragment = |octets: &str, data, last| {
        Message::Frame(Frame::message(
            Bytes::copy_from_slice(octets.as_bytes()),
            OpCode::Data(data),
            last,
        ))
    };
    client
        .0
        .send(Message::Pong(Bytes::from_static(b"unasked")))
        .await
        .unwrap();
    client
        .0
        .send(fragment(first, Data::Text, false))
        .await
        .unwrap();
    client
        .0
        .send(Message::Ping(Bytes::from_static(b"now")))
        .await
        .unwrap();
    let pong = timeout(SOON, client.0.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(pong, Message::Pong(Bytes::from_static(b"now")));
    client
        .0
        .send(fragment(rest, Data::Continue, true))
        .await
        .unwrap();
    expect_receipt(&mut client, "f").await;
}

#[tokio::test]
async fn stomp_w6_a_close_is_echoed_and_ends_the_session() {
    let (node, mut client) = connected(Settings::default()).await;
    client.subscribe("0", "/user/topic/rooms").await;
    client.0.close(None).await.unwrap();
    let echoed = timeout(SOON, client.0.next()).await.unwrap();
    assert!(matches!(echoed, Some(Ok(Message::Close(_)))), "{echoed:?}");
    crate::harness::eventually(|| node.websocket.is_idle()).await;
}

#[tokio::test]
async fn stomp_w7_what_is_wrong_beneath_stomp_is_closed_with_its_code() {
    let text = |octets: &'static [u8]| {
        Frame::message(Bytes::from_static(octets), OpCode::Data(Data::Text), true)
    };
    let mut reserved = text(b"x");
    reserved.header_mut().rsv1 = true;
    let unknown = Frame::message(Bytes::new(), OpCode::Data(Data::Reserved(3)), true);
    let oversize = Frame::message(vec![b'\n'; 70_000], OpCode::Data(Data::Binary), true);
    let big_control = Frame::ping(vec![0; 126]);
    let mut fragmented_control = Frame::ping(vec![0]);
    fragmented_control.header_mut().is_final = false;
    for (frame, code) in [
        (text(b"\xff\xfe"), 1007),
        (reserved, 1002),
        (unknown, 1002),
        (big_control, 1002),
        (fragmented_control, 1002),
        (oversize, 1009),
    ] {
        let (_node, mut client) = connected(Settings::default()).await;
        client.0.send(Message::Frame(frame)).await.unwrap();
        assert_eq!(client.closed().await.0, code);
    }
}

#[tokio::test]
async fn stomp_w7_an_unmasked_frame_is_a_protocol_error() {
    let (_node, mut client) = connected(Settings::default()).await;
    client.0.get_mut().write_all(b"\x81\x01\n").await.unwrap();
    assert_eq!(client.closed().await.0, 1002);
}

#[tokio::test]
async fn stomp_f11_a_frame_that_does_not_end_is_refused_in_time() {
    let settings = Settings {
        frame_within: Duration::from_millis(100),
        ..Settings::default()
    };
    let (_node, mut client) = connected(settings).await;
    client.say("SEND\ndestination:/app/ext").await;
    assert_eq!(client.error().await, ("frame took too long".into(), 1002));
}

#[tokio::test]
async fn stomp_r4_a_malformed_frame_ends_the_session_with_its_receipt() {
    let (node, mut client) = connected(Settings::default()).await;
    client
        .say("SEND\nreceipt:r\nno colon\n\n\0SEND\ndestination:/app/extendOnline\nreceipt:x\n\n\0")
        .await;
    let frame = client.frame().await;
    assert!(
        frame.starts_with("ERROR\nmessage:malformed header\n"),
        "{frame}"
    );
    assert!(frame.contains("\nreceipt-id:r\n"), "{frame}");
    assert_eq!(client.closed().await.0, 1002);
    crate::harness::eventually(|| node.websocket.is_idle()).await;
}

#[tokio::test]
async fn stomp_r2_disconnect_closes_normally_behind_its_receipt() {
    let (_node, mut client) = connected(Settings::default()).await;
    client.say("DISCONNECT\nreceipt:bye\n\n\0").await;
    expect_receipt(&mut client, "bye").await;
    assert_eq!(client.closed().await.0, 1000);
}

/// The client says no more and listens on: a cut whose answers can still be read.
#[tokio::test]
async fn stomp_r6_frames_that_came_before_a_cut_are_handled() {
    let (node, mut client) = connected(Settings::default()).await;
    client.subscribe("0", "/user/topic/rooms").await;
    client.say(&format!("{}{}", extend("1"), extend("2"))).await;
    client.0.get_mut().shutdown().await.unwrap();
    for receipt in ["1", "2"] {
        expect_receipt(&mut client, receipt).await;
    }
    crate::harness::eventually(|| node.websocket.is_idle()).await;
}

/// Read by the version that CONNECT has just negotiated: 1.0 knows no escapes.
#[tokio::test]
async fn stomp_n7_what_comes_in_the_packet_of_connect_is_handled_in_order() {
    let node = Node::start(&MemoryLog::default()).await;
    let mut client = Client::with_cookie(node.address, &crate::harness::token(ALICE, 60)).await;
    client
        .say(&format!(
            "CONNECT\naccept-version:1.1\n\n\0{}\n{}",
            extend("a\\cb"),
            extend("2")
        ))
        .await;
    let connected = client.frame().await;
    assert!(
        connected.starts_with("CONNECTED\nversion:1.1\n"),
        "{connected}"
    );
    for receipt in ["a\\cb", "2"] {
        expect_receipt(&mut client, receipt).await;
    }
}

#[tokio::test]
async fn stomp_limits_a_flood_of_frames_is_refused() {
    let settings = Settings {
        frames_per_second: 1,
        frame_burst: 10,
        ..Settings::default()
    };
    let (_node, mut client) = connected(settings).await;
    client
        .say(&"SEND\ndestination:/app/extendOnline\n\n\0".repeat(20))
        .await;
    assert_eq!(client.error().await, ("too many frames".into(), 1002));
}

#[tokio::test]
async fn stomp_limits_what_is_no_frame_counts_as_one() {
    let settings = Settings {
        frames_per_second: 0,
        frame_burst: 10,
        ..Settings::default()
    };
    for said in [
        Message::Ping(Bytes::from_static(b"there?")),
        Message::Pong(Bytes::new()),
        Message::text(""),
        Message::text("\n"),
    ] {
        let (_node, mut client) = connected(settings.clone()).await;
        // CONNECT was the first.
        for _ in 2..10 {
            client.0.feed(said.clone()).await.unwrap();
        }
        client.say(&extend("the tenth")).await;
        expect_receipt(&mut client, "the tenth").await;
        client.0.send(said).await.unwrap();
        assert_eq!(client.error().await, ("too many frames".into(), 1002));
    }
}

#[tokio::test]
async fn stomp_h3_a_heart_beat_is_one_line_end_in_one_text_message() {
    let settings = Settings {
        heart_beat: HeartBeat {
            outgoing: 1,
            incoming: 0,
        },
        ..Settings::default()
    };
    let node = Node::with(&MemoryLog::default(), settings).await;
    let mut client = Client::with_cookie(node.address, &crate::harness::token(ALICE, 60)).await;
    client
        .say("CONNECT\naccept-version:1.2\nheart-beat:0,1\n\n\0")
        .await;
    assert!(client.frame().await.starts_with("CONNECTED\n"));
    let beat = timeout(SOON, client.0.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(beat, Message::text("\n"));
}

#[tokio::test]
async fn stomp_h1_a_silent_client_is_pinged() {
    let settings = Settings {
        ping_after: Duration::from_millis(50),
        ..Settings::default()
    };
    let (_node, mut client) = connected(settings).await;
    for _ in 0..3 {
        let ping = timeout(SOON, client.0.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert!(ping.is_ping(), "{ping:?}");
    }
}

async fn promising_to_beat() -> (Node, Client) {
    let settings = Settings {
        heart_beat: HeartBeat {
            outgoing: 0,
            incoming: 1_000,
        },
        ..Settings::default()
    };
    let node = Node::with(&MemoryLog::default(), settings).await;
    let mut client = Client::with_cookie(node.address, &token(ALICE, 3600)).await;
    client
        .say("CONNECT\naccept-version:1.2\nheart-beat:1000,0\n\n\0")
        .await;
    assert!(client.frame().await.starts_with("CONNECTED\n"));
    (node, client)
}

/// A hidden tab, whose timers sleep.
#[tokio::test]
async fn b25_stomp_h2_a_client_that_promised_to_beat_and_answers_pings_is_not_closed() {
    let (node, mut client) = promising_to_beat().await;
    // Reading answers them. Nothing but PINGs comes, for more than three intervals.
    let mut pings = 0;
    while pings < 3 {
        let next = timeout(SOON, client.0.next()).await.unwrap();
        assert!(next.unwrap().unwrap().is_ping());
        pings += 1;
    }
    client.say(&extend("r")).await;
    expect_receipt(&mut client, "r").await;
    assert_eq!(node.websocket.open_connections(), 1);
}

#[tokio::test]
async fn b25_stomp_h2_a_client_that_promised_to_beat_and_answers_nothing_is_closed() {
    let (node, mut client) = promising_to_beat().await;
    let begun = Instant::now();
    eventually(|| node.websocket.open_connections() == 0).await;
    let intervals = begun.elapsed().as_secs_f64();
    assert!((2.0..6.0).contains(&intervals), "{intervals}");
    assert_eq!(client.closed().await.0, 1002);
}
