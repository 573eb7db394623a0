//! The full names of senders (decision 3).

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::json;

use crate::service::{ALICE, BOB, Service};

async fn name_on_message(service: &Service, customer: i64, room: i64) -> String {
    service.message(customer, room).await;
    let announced = service.announced("chat-message-sent").await.pop().unwrap();
    announced["senderFullName"].as_str().unwrap().to_owned()
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
    let room = service.room().await;
    assert_eq!(name_on_message(&service, BOB, room).await, "Directory 2");
    // What is known of Bob is too old by then.
    pass_seconds(61).await;
    service.directory.down.store(true, Ordering::SeqCst);
    assert_eq!(name_on_message(&service, BOB, room).await, "Token 2");
    service.directory.down.store(false, Ordering::SeqCst);
    // A directory that was down is left alone for a second.
    pass_seconds(1).await;
    assert_eq!(name_on_message(&service, BOB, room).await, "Directory 2");
    // A name that was announced stays.
    let announced = service.announced("chat-message-sent").await;
    let names: Vec<_> = announced
        .iter()
        .map(|announced| &announced["senderFullName"])
        .collect();
    assert_eq!(names, ["Directory 2", "Token 2", "Directory 2"]);
}

/// Moves the time of everything that counts intervals.
async fn pass_seconds(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
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
    let announced = service.announced("chat-room-created").await.pop().unwrap();
    assert_eq!(announced["participants"][1]["fullName"], "Token 700");
}
