//! `POST /command/read` and what it changes for readers (contract §3, decision 13).

use anyhow::Result;
use colloquy_e2e::{client::USER2, harness::eventually};
use serde_json::{Value, json};

use crate::scene::{assert_refused, listed, scene};

#[tokio::test]
async fn contract_command_read_of_the_last_message_makes_the_room_read() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let sent = scene.user1.send(room, "read me", None).await?;
    let body = json!({"roomId": room, "messageId": sent.message_id});
    let answer = scene.user2.post("/command/read", &body).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    listed(&scene.user2, room, "the room is read", |view| {
        view["unreadStatus"]["2"] == false
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn contract_query_read_markers_show_who_has_read_how_far_and_never_move_back() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let first = scene.user1.send(room, "one", None).await?.message_id;
    let second = scene.user1.send(room, "two", None).await?.message_id;
    for message in [second, first] {
        let body = json!({"roomId": room, "messageId": message});
        assert_eq!(scene.user2.post("/command/read", &body).await?.status, 200);
    }
    let path = format!("/query/readMarkers/roomId/{room}");
    let markers = eventually("the marker", || async {
        let answer = scene.user1.get(&path).await?;
        Ok(Some(answer.data().clone()).filter(|markers| *markers != json!([])))
    });
    let expected = json!([{
        "id": format!("{room}:{}", USER2.id),
        "roomId": room,
        "customerId": USER2.id,
        "lastReadMessageId": second,
    }]);
    assert_eq!(markers.await?, expected);
    assert_refused(&scene.user3.get(&path).await?, 403, "a stranger");
    Ok(())
}

#[tokio::test]
async fn b23_a_room_is_marked_before_its_first_message() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let unread = |wanted: bool| move |view: &Value| view["unreadStatus"]["2"] == wanted;
    listed(&scene.user2, room, "a new room is unread", unread(true)).await?;
    let body = json!({"roomId": room, "messageId": 0});
    assert_eq!(scene.user2.post("/command/read", &body).await?.status, 200);
    listed(&scene.user2, room, "it was marked", unread(false)).await?;
    scene.user1.send(room, "the first message", None).await?;
    listed(&scene.user2, room, "a message is unread", unread(true)).await?;
    assert_eq!(scene.user2.post("/command/read", &body).await?.status, 200);
    scene.user2.send(room, "an answer", None).await?;
    listed(&scene.user2, room, "an answer reads", unread(false)).await?;
    Ok(())
}

#[tokio::test]
async fn contract_command_read_400_for_a_message_of_another_room_and_403_for_a_stranger()
-> Result<()> {
    let scene = scene().await?;
    let (room, other) = (scene.room().await?, scene.room().await?);
    let elsewhere = scene.user1.send(other, "elsewhere", None).await?.message_id;
    let body: Value = json!({"roomId": room, "messageId": elsewhere});
    assert_refused(
        &scene.user2.post("/command/read", &body).await?,
        400,
        "another room's message",
    );
    let body: Value = json!({"roomId": other, "messageId": elsewhere});
    assert_refused(
        &scene.user3.post("/command/read", &body).await?,
        403,
        "a stranger",
    );
    Ok(())
}
