//! SUBSCRIBE and UNSUBSCRIBE (stomp.md §5).

use anyhow::{Context as _, Result};
use colloquy_e2e::client::{Client, Frame, Message};

use crate::scene::{Scene, scene};

async fn assert_refused(scene: &Scene, of: &Client, headers: &[(&str, &str)]) -> Result<Frame> {
    let mut socket = scene.socket(of).await?;
    socket.send(&Frame::new("SUBSCRIBE", headers)).await?;
    let (error, closed) = socket
        .expect_error()
        .await
        .with_context(|| format!("{headers:?}"))?;
    assert_eq!(closed.code, 1002, "{headers:?}");
    assert!(
        error.header("message").is_some_and(|text| !text.is_empty()),
        "{error:?}"
    );
    Ok(error)
}

#[tokio::test]
async fn contract_5_a_strangers_subscribe_is_an_error_for_each_topic_of_a_room() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    scene.user2.send(room, "private", None).await?;
    let mut errors = Vec::new();
    for room in [room, 9_007_199_254_740_991] {
        for topic in ["message", "onlineStatus", "readMarkers", "typing"] {
            let destination = format!("/topic/{topic}/roomId/{room}");
            let headers = [
                ("id", "0"),
                ("destination", &*destination),
                ("receipt", "r"),
            ];
            let error = assert_refused(&scene, &scene.user3, &headers).await?;
            assert_eq!(error.header("receipt-id"), Some("r"), "stomp R3");
            assert_eq!(error.header("destination"), Some(&*destination));
            let mut headers = error.headers;
            headers.retain(|(name, _)| name != "destination");
            errors.push((headers, error.body));
        }
    }
    assert!(
        errors.windows(2).all(|pair| pair[0] == pair[1]),
        "the answer says whether a room exists"
    );
    Ok(())
}

/// So a client can drop what was refused, and keep the rest when it connects again.
#[tokio::test]
async fn b22_stomp_s14_the_error_names_the_refused_subscribe_or_send() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let messages = format!("/topic/message/roomId/{room}");
    let subscribe =
        |destination| Frame::new("SUBSCRIBE", &[("id", "a:b"), ("destination", destination)]);
    let typing = Frame::new("SEND", &[("destination", "/app/typing")])
        .with_body(&format!(r#"{{"roomId":{room},"isTyping":1}}"#));
    for (frame, code) in [
        (subscribe(&*messages), "not-a-member"),
        (subscribe("/topic/a:b"), "unknown-destination"),
        (Frame::new("SUBSCRIBE", &[("id", "a:b")]), "missing-header"),
        (typing, "not-a-member"),
        (
            Frame::new("SEND", &[("destination", "/app/other")]),
            "unknown-destination",
        ),
    ] {
        let mut socket = scene.socket(&scene.user3).await?;
        socket.send(&frame).await?;
        let (error, closed) = socket.expect_error().await?;
        assert_eq!(closed.code, 1002);
        assert_eq!(error.header("code"), Some(code), "{error:?}");
        assert_eq!(error.header("destination"), frame.header("destination"));
        assert_eq!(error.header("subscription"), frame.header("id"));
    }
    Ok(())
}

#[tokio::test]
async fn stomp_s7_every_other_destination_is_an_error() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    for destination in [
        "".to_owned(),
        "/topic/**".to_owned(),
        "/topic/message/roomId/*".to_owned(),
        "/topic/message/roomId/".to_owned(),
        "/topic/message/roomId/abc".to_owned(),
        "/topic/message/roomId/9223372036854775808".to_owned(),
        format!("/topic/message/roomId/{room}/"),
        format!("/topic/message/roomId/{room}/more"),
        format!("/topic/message/roomId/0{room}"),
        format!("/topic/other/roomId/{room}"),
        "/user/2/topic/rooms".to_owned(),
        "/user/user2/topic/rooms".to_owned(),
        "/topic/rooms".to_owned(),
        "/topic/rooms-user1".to_owned(),
        "/queue/rooms".to_owned(),
        "/app/typing".to_owned(),
    ] {
        let headers = [("id", "0"), ("destination", destination.as_str())];
        assert_refused(&scene, &scene.user1, &headers).await?;
    }
    Ok(())
}

#[tokio::test]
async fn stomp_s1_a_subscription_needs_an_id_of_its_own_a_destination_and_a_known_ack() -> Result<()>
{
    let scene = scene().await?;
    let room = scene.room().await?;
    let destination = format!("/topic/message/roomId/{room}");
    let destination = ("destination", destination.as_str());
    let user1 = &scene.user1;
    assert_refused(&scene, user1, &[destination]).await?;
    assert_refused(&scene, user1, &[("id", "0")]).await?;
    assert_refused(&scene, user1, &[("id", "0"), destination, ("ack", "maybe")]).await?;
    let mut twice = scene.socket(user1).await?;
    let subscribe = Frame::new("SUBSCRIBE", &[("id", "0"), destination]);
    twice.send_for_receipt(subscribe.clone()).await?;
    twice.send(&subscribe).await?;
    assert_eq!(twice.expect_error().await?.1.code, 1002, "a duplicate id");
    Ok(())
}

#[tokio::test]
async fn stomp_s7_all_six_destinations_can_be_subscribed_by_a_member() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut socket = scene.socket(&scene.user2).await?;
    for destination in [
        "/user/topic/rooms".to_owned(),
        "/user/topic/readStatus".to_owned(),
        format!("/topic/message/roomId/{room}"),
        format!("/topic/onlineStatus/roomId/{room}"),
        format!("/topic/readMarkers/roomId/{room}"),
        format!("/topic/typing/roomId/{room}"),
    ] {
        socket.subscribe(&destination).await.context(destination)?;
    }
    Ok(())
}

#[tokio::test]
async fn stomp_s3_two_subscriptions_to_one_room_get_one_message_each() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut socket = scene.socket(&scene.user2).await?;
    let first = socket.subscribe_room(room).await?;
    let second = socket.subscribe_room(room).await?;
    scene.user1.send(room, "hello", None).await?;
    let one = socket.next_message(&first).await?;
    let other = socket.next_message(&second).await?;
    assert_eq!(one.body, other.body);
    scene.user1.send(room, "again", None).await?;
    socket.next_message(&first).await?;
    socket.next_message(&second).await?;
    assert_eq!((socket.unread(&first), socket.unread(&second)), (0, 0));
    Ok(())
}

#[tokio::test]
async fn stomp_s4_nothing_arrives_after_the_receipt_of_unsubscribe() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut socket = scene.socket(&scene.user2).await?;
    let ended = socket.subscribe_room(room).await?;
    let kept = socket.subscribe_room(room).await?;
    scene.user1.send(room, "before", None).await?;
    socket.next_message(&ended).await?;
    socket.next_message(&kept).await?;
    socket.unsubscribe(&ended).await?;
    for n in 0..5 {
        scene.user1.send(room, &format!("after {n}"), None).await?;
    }
    for seq in 2..=6 {
        let message: Message = socket.next_message(&kept).await?.json()?;
        assert_eq!(message.seq, seq);
    }
    assert_eq!(socket.unread(&ended), 0);
    Ok(())
}

#[tokio::test]
async fn stomp_s11_no_message_is_lost_between_the_receipt_and_the_post() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    for seq in 1..=20 {
        let mut socket = scene.socket(&scene.user2).await?;
        let subscription = socket.subscribe_room(room).await?;
        scene.user1.send(room, "hello", None).await?;
        let mut message: Message = socket.next_message(&subscription).await?.json()?;
        // The socket before may have been at another node, which is ahead of this one.
        while message.seq < seq {
            message = socket.next_message(&subscription).await?.json()?;
        }
        assert_eq!(message.seq, seq);
    }
    Ok(())
}
