//! The events of the write side (contract §6). The fields of each event are asserted in the test of its command.

use serde_json::json;

use crate::service::{ALICE, BOB, Service};

#[tokio::test]
async fn contract_6_each_command_is_an_event_under_its_room_on_its_topic_with_an_id_of_its_own() {
    let service = Service::start().await;
    let (room, other) = (service.room().await, service.room().await);
    let first = service.message(ALICE, room).await;
    let second = service.message(BOB, other).await;
    let read = json!({"roomId": room, "messageId": first});
    assert_eq!(service.post(BOB, "/read", &read).await.status, 200);
    let announced: Vec<(String, i64, String)> =
        sqlx::query_as("SELECT topic, room_id, event_id FROM outbox ORDER BY id")
            .fetch_all(&service.file.database().await.readers)
            .await
            .unwrap();
    let wanted = [
        ("chat-room-created", room, format!("room:{room}")),
        ("chat-room-created", other, format!("room:{other}")),
        ("chat-message-sent", room, format!("message:{first}")),
        ("chat-message-sent", other, format!("message:{second}")),
        (
            "read-marker-updated",
            room,
            format!("marker:{room}:{BOB}:{first}"),
        ),
    ];
    let wanted = wanted.map(|(topic, room, id)| (topic.to_owned(), room, id));
    assert_eq!(announced, wanted);
}
