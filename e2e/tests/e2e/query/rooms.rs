//! `GET /query/rooms`.

use anyhow::Result;
use colloquy_e2e::{
    client::{RoomView, USER2},
    harness::eventually,
};
use serde_json::{Value, json};

use crate::scene::{assert_common, is_instant, keys, listed, scene};

fn newest_id(room: &RoomView) -> i64 {
    let last = room.last_message.as_ref();
    last.map_or(room.room_id, |last| last.message_id)
}

#[tokio::test]
async fn contract_query_rooms_are_newest_first() -> Result<()> {
    let scene = scene().await?;
    let older = scene.room().await?;
    let newer = scene.room().await?;
    let user2 = &scene.user2;
    let first = |wanted: i64| async move {
        let rooms = user2.rooms().await?;
        assert!(
            rooms.is_sorted_by(|a, b| newest_id(a) > newest_id(b)),
            "decision 39: {rooms:?}"
        );
        let ours: Vec<_> = rooms
            .iter()
            .filter(|view| [older, newer].contains(&view.room_id))
            .collect();
        assert!(
            ours.is_sorted_by(|a, b| a.updated_at >= b.updated_at),
            "{ours:?}"
        );
        let place = |room: i64| rooms.iter().position(|view| view.room_id == room);
        let places = place(older).zip(place(newer));
        Ok(places
            .filter(|(older_at, newer_at)| (older_at < newer_at) == (wanted == older))
            .map(|_| ()))
    };
    eventually("the newer room first", || first(newer)).await?;
    scene.user1.send(older, "hello", None).await?;
    eventually("the room written in last first", || first(older)).await
}

#[tokio::test]
async fn contract_query_rooms_show_the_last_message_with_its_seq() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    scene.user1.send(room, "one", None).await?;
    let sent = scene.user2.send(room, "two", None).await?;
    let view = listed(&scene.user1, room, "the last message", |view| {
        view["lastMessage"]["seq"] == 2
    })
    .await?;
    let last = &view["lastMessage"];
    assert_eq!(
        keys(last),
        ["content", "messageId", "senderId", "sentAt", "seq"]
    );
    assert_eq!(last["messageId"], sent.message_id);
    assert_eq!(last["senderId"], USER2.id);
    assert_eq!(last["content"], "two");
    assert_eq!(last["sentAt"], sent.sent_at);
    assert_eq!(view["updatedAt"], sent.sent_at, "decision 4");
    assert!(is_instant(&sent.sent_at));
    Ok(())
}

#[tokio::test]
async fn decision_13_a_message_is_unread_for_all_but_its_sender() -> Result<()> {
    let scene = scene().await?;
    let by_creator = scene.room().await?;
    scene.user1.send(by_creator, "hello", None).await?;
    let by_other = scene.room().await?;
    scene.user2.send(by_other, "hello", None).await?;
    for (room, unread) in [
        (by_creator, json!({"1": false, "2": true})),
        (by_other, json!({"1": true, "2": false})),
    ] {
        let has_message = |view: &Value| !view["lastMessage"].is_null();
        let view = listed(&scene.user1, room, "the message in the list", has_message).await?;
        assert_eq!(view["unreadStatus"], unread);
    }
    Ok(())
}

#[tokio::test]
async fn contract_query_rooms_200_in_the_envelope() -> Result<()> {
    let answer = scene().await?.user3.get("/query/rooms").await?;
    assert_eq!(answer.status, 200);
    assert_eq!(keys(&answer.body), ["data", "message", "success"]);
    assert_eq!(answer.body["success"], true);
    assert!(answer.data().is_array(), "{answer:?}");
    assert_common(&answer, "the list");
    Ok(())
}
