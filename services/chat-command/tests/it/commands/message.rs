//! `POST /message`.

use colloquy_contracts::Timestamp;
use serde_json::{Value, json};

use crate::service::{ALICE, BOB, STRANGER, Service, edge_cases};

#[tokio::test]
async fn contract_command_message_answers_where_the_message_stands() {
    let service = Service::start().await;
    let room = service.room().await;
    let mut ids = Vec::new();
    for (seq, sender) in [(1, ALICE), (2, BOB)] {
        let body = json!({"roomId": room, "content": " hi ", "unknown": [1]});
        let reply = service.post(sender, "/message", &body).await;
        let data = reply.data();
        assert_eq!(data["roomId"], room);
        assert_eq!(data["seq"], seq);
        let sent_at = data["sentAt"].as_str().unwrap();
        assert_eq!(sent_at.parse::<Timestamp>().unwrap().to_string(), sent_at);
        assert!(!reply.replayed());
        ids.push(data["messageId"].as_i64().unwrap());
        let announced = service.announced("chat-message-sent").await.pop().unwrap();
        let wanted = json!({
            "messageId": data["messageId"], "roomId": room, "senderId": sender,
            "senderFullName": format!("Directory {sender}"), "content": " hi ",
            "sentAt": data["sentAt"], "seq": seq, "clientKey": null,
        });
        assert_eq!(announced, wanted);
    }
    assert!(ids.is_sorted());
}

#[tokio::test]
async fn contract_command_message_400_missing_empty_blank_too_long_or_nul() {
    let service = Service::start().await;
    let room = service.room().await;
    let bodies = [
        json!({"roomId": room}),
        json!({"content": "hello"}),
        json!({"roomId": room, "content": null}),
        json!({"roomId": room, "content": ""}),
        json!({"roomId": room, "content": " \n\t"}),
        json!({"roomId": room, "content": "a".repeat(8193)}),
        json!({"roomId": room, "content": "a\u{0}b"}),
        json!({"roomId": room, "content": 7}),
        json!({"roomId": room.to_string(), "content": "hello"}),
        json!({"roomId": 1.5, "content": "hello"}),
        json!({"roomId": 1e30, "content": "hello"}),
    ];
    service.refuses("/message", 400, &bodies).await;
    assert_eq!(
        service.announced("chat-message-sent").await,
        Vec::<Value>::new()
    );
}

#[tokio::test]
async fn decision_31_message_of_8192_characters_is_taken_however_many_bytes_it_has() {
    let service = Service::start().await;
    let room = service.room().await;
    let body = json!({"roomId": room, "content": "😀".repeat(8192)});
    assert_eq!(
        service.post(ALICE, "/message", &body).await.data()["seq"],
        1
    );
}

#[tokio::test]
async fn contract_command_message_403_not_a_member_or_no_such_room() {
    let service = Service::start().await;
    let room = service.room().await;
    let mut sentences = Vec::new();
    for (customer, room) in [(STRANGER, room), (ALICE, room + 1), (ALICE, -1)] {
        let body = json!({"roomId": room, "content": "hello"});
        let reply = service.post(customer, "/message", &body).await;
        assert_eq!(reply.status, 403);
        reply.is_failure();
        sentences.push(reply.body["message"].clone());
    }
    sentences.dedup();
    assert_eq!(sentences.len(), 1, "outsiders cannot distinguish the two");
}

#[tokio::test]
async fn decision_2_message_a_repeat_is_replayed_and_says_so() {
    let service = Service::start().await;
    let room = service.room().await;
    let body = json!({"roomId": room, "content": "hello"});
    let first = service.post_keyed(ALICE, "/message", "k", &body).await;
    let spelled = json!({"content": "hello", "roomId": room, "extra": true});
    let again = service.post_keyed(ALICE, "/message", "k", &spelled).await;
    assert_eq!(first.data(), again.data());
    assert!(!first.replayed() && again.replayed());
    assert_eq!(service.announced("chat-message-sent").await.len(), 1);
}

#[tokio::test]
async fn decision_2_message_422_the_same_key_with_another_body() {
    let service = Service::start().await;
    let room = service.room().await;
    for (content, status) in [("one", 200), ("two", 422), ("one", 200)] {
        let body = json!({"roomId": room, "content": content});
        let reply = service.post_keyed(ALICE, "/message", "k", &body).await;
        assert_eq!(reply.status, status);
    }
}

#[tokio::test]
async fn contract_command_message_401_400_405_413_415_at_the_edge() {
    edge_cases("/message", &json!({"roomId": 1, "content": "hello"})).await;
}
