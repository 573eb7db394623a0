//! What senders are called (decision 3).

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::service::{ALICE, BOB, Service};

async fn name_on_message(service: &Service, customer: i64, room: i64) -> String {
    service.message(customer, room).await;
    let told = service.told("chat-message-sent").await.pop().unwrap();
    told["senderFullName"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn decision_3_a_name_is_asked_for_once_while_it_is_fresh() {
    let service = Service::start().await;
    let room = service.room().await;
    let asked = service.directory.asked.load(Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(name_on_message(&service, BOB, room).await, "Directory 2");
    }
    // The room's creation has already brought the name.
    assert_eq!(service.directory.asked.load(Ordering::SeqCst), asked);
}

#[tokio::test]
async fn decision_3_the_token_names_the_sender_while_the_directory_is_down() {
    let service = Service::start().await;
    // 700 is a customer whom the directory has not met, so no name of theirs is cached.
    let body = json!({"roomName": "a", "targetCustomerIds": [ALICE]});
    let room = service
        .post(700, "/room", &body)
        .await
        .data()
        .as_i64()
        .unwrap();
    service.directory.down.store(true, Ordering::SeqCst);
    let asked = service.directory.asked.load(Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(name_on_message(&service, 700, room).await, "Token 700");
    }
    let tries = service.directory.asked.load(Ordering::SeqCst) - asked;
    assert!(
        tries < 3,
        "a directory that is down is not asked for every message"
    );
}

#[tokio::test]
async fn decision_3_the_token_names_a_sender_whom_the_directory_does_not_know() {
    let service = Service::start().await;
    let body = json!({"roomName": "a", "targetCustomerIds": [ALICE]});
    let room = service
        .post(700, "/room", &body)
        .await
        .data()
        .as_i64()
        .unwrap();
    assert_eq!(name_on_message(&service, 700, room).await, "Token 700");
    let told = service.told("chat-room-created").await.pop().unwrap();
    assert_eq!(told["participants"][1]["fullName"], "Token 700");
}
