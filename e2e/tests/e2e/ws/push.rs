//! Pushes, their recipients and their order (contract §5).

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context as _, Result};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use colloquy_e2e::client::{Frame, Message, RoomView, SeqWatch, Socket, USER1, USER2};
use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join_all, stream};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::scene;

const ROOMS: &str = "/user/topic/rooms";

/// The next view of that room that fits; views of other tests' rooms pass by.
async fn next_view(
    socket: &mut Socket,
    room: i64,
    fits: impl Fn(&RoomView) -> bool,
) -> Result<(Frame, RoomView)> {
    loop {
        let frame = socket
            .next_where(|frame| frame.command == "MESSAGE")
            .await?;
        let view: RoomView = frame.json()?;
        if view.room_id == room && fits(&view) {
            return Ok((frame, view));
        }
    }
}

#[tokio::test]
async fn stomp_s5_a_message_has_exactly_these_headers_in_this_order() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut socket = scene.socket(&scene.user2).await?;
    let subscription = socket.subscribe_room(room).await?;
    let mut ids = HashSet::new();
    for text in ["one", "hai ü 漢 👍"] {
        scene.user1.send(room, text, None).await?;
        let frame = socket.next_message(&subscription).await?;
        assert_eq!(
            frame.header_names(),
            [
                "destination",
                "content-type",
                "subscription",
                "message-id",
                "content-length"
            ]
        );
        let destination = format!("/topic/message/roomId/{room}");
        assert_eq!(frame.header("destination"), Some(destination.as_str()));
        assert_eq!(frame.header("content-type"), Some("application/json"));
        let length = frame.body.len().to_string();
        assert_eq!(frame.header("content-length"), Some(length.as_str()));
        assert!(ids.insert(frame.header("message-id").context("an id")?.to_owned()));
    }
    Ok(())
}

/// The sender can match a push with the key of a call that is not answered yet.
#[tokio::test]
async fn b24_a_message_carries_what_its_sender_knows_it_by() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut socket = scene.socket(&scene.user1).await?;
    let subscription = socket.subscribe_room(room).await?;
    let key = Uuid::new_v4().to_string();
    let hash = digest(&SHA256, format!("{}:{key}", USER1.id).as_bytes());
    let expected = BASE64_URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]);
    let last = scene.user1.send(room, "with a key", Some(&key)).await?;
    scene.user1.send(room, "without one", None).await?;
    for key in [json!(expected), Value::Null] {
        let body: Value = socket.next_message(&subscription).await?.json()?;
        assert_eq!(body["clientKey"], key, "{body}");
    }
    let path = format!("/query/message/roomId/{room}?minSeq={}", last.seq + 1);
    let history = scene.user2.get(&path).await?;
    assert_eq!(history.data()[0]["clientKey"], Value::Null);
    assert_eq!(history.data()[1]["clientKey"], expected);
    Ok(())
}

#[tokio::test]
async fn stomp_s10_200_messages_arrive_in_order_at_every_subscriber() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut sockets = Vec::new();
    for client in [&scene.user1, &scene.user2] {
        let mut socket = scene.socket(client).await?;
        let subscription = socket.subscribe_room(room).await?;
        sockets.push((socket, subscription));
    }
    let clients = [&scene.user1, &scene.user2];
    let sends = stream::iter(0..200).map(|n| async move {
        clients[n % 2]
            .send(room, &format!("message {n}"), None)
            .await
    });
    let sent: Vec<_> = sends.buffer_unordered(10).try_collect().await?;
    assert_eq!(sent.len(), 200);
    for (socket, subscription) in &mut sockets {
        let mut watch = SeqWatch::default();
        for seq in 1..=200 {
            let message: Message = socket.next_message(subscription).await?.json()?;
            assert_eq!(message.seq, seq);
            watch.observe(message.seq);
        }
        assert_eq!(
            (watch.gaps(), watch.repeats, watch.misordered),
            (vec![], 0, 0)
        );
    }
    Ok(())
}

#[tokio::test]
async fn stomp_s6_every_socket_of_a_customer_gets_it() -> Result<()> {
    let scene = scene().await?;
    let mut phone = scene.socket(&scene.user2).await?;
    let mut laptop = scene.socket(&scene.user2).await?;
    for socket in [&mut phone, &mut laptop] {
        socket.subscribe(ROOMS).await?;
    }
    let room = scene.room().await?;
    let mut subscriptions = Vec::new();
    for socket in [&mut phone, &mut laptop] {
        next_view(socket, room, |_| true).await?;
        subscriptions.push(socket.subscribe_room(room).await?);
    }
    scene.user1.send(room, "to both", None).await?;
    let on_phone: Message = phone.next_message(&subscriptions[0]).await?.json()?;
    let on_laptop: Message = laptop.next_message(&subscriptions[1]).await?.json()?;
    assert_eq!(on_phone, on_laptop);
    Ok(())
}

#[tokio::test]
async fn contract_5_a_members_own_topic_announces_a_new_room_and_its_messages() -> Result<()> {
    let scene = scene().await?;
    let unread = BTreeMap::from([("1".to_owned(), false), ("2".to_owned(), true)]);
    for client in [&scene.user1, &scene.user2] {
        let mut socket = scene.socket(client).await?;
        let subscription = socket.subscribe(ROOMS).await?;
        let room = scene.room().await?;
        let (frame, view) = next_view(&mut socket, room, |_| true).await?;
        assert_eq!(
            frame.header("destination"),
            Some(ROOMS),
            "never an internal name"
        );
        assert_eq!(frame.header("subscription"), Some(subscription.as_str()));
        assert_eq!(view.participant_ids, [1, 2]);
        assert_eq!(view.last_message, None);
        assert_eq!(view.unread_status, unread);
        let sent = scene.user1.send(room, "hello", None).await?;
        let (_, view) = next_view(&mut socket, room, |view| view.last_message.is_some()).await?;
        let last = view.last_message.context("the message")?;
        assert_eq!((last.message_id, last.seq), (sent.message_id, sent.seq));
        assert_eq!(
            (last.content.as_str(), last.sent_at),
            ("hello", sent.sent_at)
        );
        assert_eq!(view.unread_status, unread);
    }
    Ok(())
}

#[tokio::test]
async fn contract_5_a_members_own_topic_says_nothing_of_strangers_rooms() -> Result<()> {
    let scene = scene().await?;
    let mut stranger = scene.socket(&scene.user3).await?;
    let mut member = scene.socket(&scene.user1).await?;
    for socket in [&mut stranger, &mut member] {
        socket.subscribe(ROOMS).await?;
    }
    let private = scene.room().await?;
    next_view(&mut member, private, |_| true).await?;
    let common = scene
        .user1
        .create_room("With user 3", &[USER2.id, 3])
        .await?;
    loop {
        let frame = stranger
            .next_where(|frame| frame.command == "MESSAGE")
            .await?;
        let view: RoomView = frame.json()?;
        assert_ne!(view.room_id, private);
        assert!(view.participant_ids.contains(&3), "{view:?}");
        if view.room_id == common {
            return Ok(());
        }
    }
}

#[tokio::test]
async fn contract_5_a_room_of_another_is_not_pushed_to_the_same_socket() -> Result<()> {
    let scene = scene().await?;
    let listened = scene.room().await?;
    let other = scene.room().await?;
    let mut socket = scene.socket(&scene.user2).await?;
    let subscription = socket.subscribe_room(listened).await?;
    scene.user1.send(other, "elsewhere", None).await?;
    scene.user1.history_from(other, 1).await?;
    scene.user1.send(listened, "here", None).await?;
    let message: Message = socket.next_message(&subscription).await?.json()?;
    assert_eq!(
        (message.room_id, message.content.as_str()),
        (listened, "here")
    );
    Ok(())
}

/// Each of them takes whatever it is offered.
#[tokio::test]
async fn b18_f20_a_burst_of_long_messages_reaches_all_who_read() -> Result<()> {
    const MESSAGES: i64 = 64;
    let scene = scene().await?;
    let room = scene.room().await?;
    let text = "x".repeat(8_192);
    let mut sockets = Vec::new();
    for number in 0..20 {
        let client = [&scene.user1, &scene.user2][number % 2];
        let mut socket = scene.socket(client).await?;
        socket.subscribe(ROOMS).await?;
        let subscription = socket.subscribe_room(room).await?;
        sockets.push((socket, subscription));
    }
    let reading = sockets.iter_mut().map(async |(socket, subscription)| {
        for seq in 1..=MESSAGES {
            let message: Message = socket.next_message(subscription).await?.json()?;
            anyhow::ensure!(message.seq == seq, "{} instead of {seq}", message.seq);
        }
        anyhow::Ok(())
    });
    let at_once = (0..MESSAGES).map(async |_| {
        scene.user1.send(room, &text, None).await?;
        anyhow::Ok(())
    });
    tokio::try_join!(try_join_all(reading), try_join_all(at_once))?;
    Ok(())
}
