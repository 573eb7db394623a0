//! The path of one message, from one customer's keyboard to the other's screen, and into the history of both.

use anyhow::Result;
use colloquy_e2e::client::{RoomView, USER1, USER2};
use serde_json::{Value, json};

use crate::scene::{is_instant, scene};

#[tokio::test]
async fn path_of_one_message_from_keyboard_to_screen() -> Result<()> {
    let scene = scene().await?;
    let mut screen = scene.socket(&scene.user2).await?;
    let rooms = screen.subscribe("/user/topic/rooms").await?;

    let room = scene.user1.create_room("Lunch", &[USER2.id]).await?;
    loop {
        let view: RoomView = screen.next_message(&rooms).await?.json()?;
        if view.room_id == room {
            assert_eq!(
                (view.room_name.as_str(), view.unread_status["2"]),
                ("Lunch", true)
            );
            break;
        }
    }
    let messages = screen.subscribe_room(room).await?;

    let sent = scene.user1.send(room, "Phở at noon?", None).await?;
    assert!(is_instant(&sent.sent_at), "{sent:?}");
    let expected = json!({
        "messageId": sent.message_id,
        "roomId": room,
        "senderId": USER1.id,
        "senderFullName": USER1.full_name,
        "content": "Phở at noon?",
        "sentAt": sent.sent_at,
        "seq": 1,
        "clientKey": null,
    });
    let pushed: Value = screen.next_message(&messages).await?.json()?;
    assert_eq!(pushed, expected);

    let path = format!("/query/message/roomId/{room}?minSeq={}", sent.seq);
    for reader in [&scene.user1, &scene.user2] {
        let history = reader.get(&path).await?;
        assert_eq!((history.status, history.data()), (200, &json!([expected])));
    }
    loop {
        let view: RoomView = screen.next_message(&rooms).await?.json()?;
        if let Some(last) = view.last_message.filter(|_| view.room_id == room) {
            assert_eq!((last.message_id, last.seq), (sent.message_id, 1));
            return Ok(());
        }
    }
}
