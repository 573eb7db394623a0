//! Read markers and unread flags as they are pushed (contract §5, decision 13).

use anyhow::Result;
use colloquy_e2e::client::{Socket, USER2};
use serde_json::{Value, json};

use crate::scene::{Scene, scene};

const READ_STATUS: &str = "/user/topic/readStatus";

/// The next body of that subscription that is about this room.
async fn about(socket: &mut Socket, subscription: &str, room: i64) -> Result<Value> {
    loop {
        let body: Value = socket.next_message(subscription).await?.json()?;
        if body["roomId"] == room {
            return Ok(body);
        }
    }
}

async fn mark(scene: &Scene, room: i64, message: i64) -> Result<()> {
    let body = json!({"roomId": room, "messageId": message});
    let answer = scene.user2.post("/command/read", &body).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn contract_5_read_markers_are_pushed_to_the_room_and_never_go_back() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut watching = scene.socket(&scene.user1).await?;
    let destination = format!("/topic/readMarkers/roomId/{room}");
    let subscription = watching.subscribe(&destination).await?;
    let mut messages = Vec::new();
    for n in 0..3 {
        messages.push(
            scene
                .user1
                .send(room, &format!("{n}"), None)
                .await?
                .message_id,
        );
    }
    let expected =
        |message| json!({"roomId": room, "customerId": USER2.id, "lastReadMessageId": message});
    mark(&scene, room, messages[1]).await?;
    assert_eq!(
        about(&mut watching, &subscription, room).await?,
        expected(messages[1])
    );
    mark(&scene, room, messages[0]).await?;
    mark(&scene, room, messages[1]).await?;
    mark(&scene, room, messages[2]).await?;
    // An older marker, or the same again, is no event: the next push is the newest.
    assert_eq!(
        about(&mut watching, &subscription, room).await?,
        expected(messages[2])
    );
    Ok(())
}

#[tokio::test]
async fn b23_an_answer_clears_the_flag_and_moves_no_marker() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut socket = scene.socket(&scene.user2).await?;
    let flags = socket.subscribe(READ_STATUS).await?;
    scene.user1.send(room, "a question", None).await?;
    scene.user2.send(room, "an answer", None).await?;
    assert_eq!(
        about(&mut socket, &flags, room).await?,
        json!({"roomId": room, "customerId": USER2.id, "isUnread": false})
    );
    let markers = format!("/query/readMarkers/roomId/{room}");
    assert_eq!(*scene.user2.get(&markers).await?.data(), json!([]));
    Ok(())
}

#[tokio::test]
async fn contract_5_read_status_is_pushed_to_every_session_of_the_reader_alone() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut mine = Vec::new();
    for _ in 0..2 {
        let mut socket = scene.socket(&scene.user2).await?;
        let subscription = socket.subscribe(READ_STATUS).await?;
        mine.push((socket, subscription));
    }
    let mut others = scene.socket(&scene.user1).await?;
    let theirs = others.subscribe(READ_STATUS).await?;
    let sent = scene.user1.send(room, "unread", None).await?;
    mark(&scene, room, sent.message_id).await?;
    for (socket, subscription) in &mut mine {
        assert_eq!(
            about(socket, subscription, room).await?,
            json!({"roomId": room, "customerId": USER2.id, "isUnread": false})
        );
    }
    // User 1 reads as well: the first push to them is their own.
    let answer = scene.user2.send(room, "an answer", None).await?;
    let read = json!({"roomId": room, "messageId": answer.message_id});
    assert_eq!(scene.user1.post("/command/read", &read).await?.status, 200);
    assert_eq!(
        about(&mut others, &theirs, room).await?,
        json!({"roomId": room, "customerId": 1, "isUnread": false})
    );
    Ok(())
}
