//! `POST /room`.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::service::{ALICE, BOB, Service, edge_cases};

#[tokio::test]
async fn contract_command_room_answers_its_id_and_is_announced_to_its_members() {
    let service = Service::start().await;
    let body = json!({"roomName": " Nhóm ", "targetCustomerIds": [3, BOB]});
    let reply = service.post(ALICE, "/room", &body).await;
    let room = reply.data().as_i64().unwrap();
    let announced = service.announced("chat-room-created").await.remove(0);
    let created_at = announced["createdAt"].clone();
    let member =
        |id| json!({"id": id, "fullName": format!("Directory {id}"), "joinedAt": created_at});
    let wanted = json!({
        "roomId": room, "roomName": " Nhóm ", "createdBy": ALICE, "createdAt": created_at,
        "participants": [member(1), member(2), member(3)],
    });
    assert_eq!(announced, wanted);
}

#[tokio::test]
async fn contract_command_room_400_name_list_or_people() {
    let service = Service::start().await;
    let crowd: Vec<i64> = (2..=501).collect();
    let bodies = [
        json!({"roomName": "", "targetCustomerIds": [BOB]}),
        json!({"roomName": " \t", "targetCustomerIds": [BOB]}),
        json!({"roomName": "a\u{0}", "targetCustomerIds": [BOB]}),
        json!({"roomName": "a".repeat(101), "targetCustomerIds": [BOB]}),
        json!({"targetCustomerIds": [BOB]}),
        json!({"roomName": null, "targetCustomerIds": [BOB]}),
        json!({"roomName": "a"}),
        json!({"roomName": "a", "targetCustomerIds": []}),
        json!({"roomName": "a", "targetCustomerIds": null}),
        json!({"roomName": "a", "targetCustomerIds": BOB}),
        json!({"roomName": "a", "targetCustomerIds": ["2"]}),
        json!({"roomName": "a", "targetCustomerIds": [BOB, ALICE]}),
        json!({"roomName": "a", "targetCustomerIds": [BOB, 3, BOB]}),
        json!({"roomName": "a", "targetCustomerIds": [BOB, 601]}),
        json!({"roomName": "a", "targetCustomerIds": [0]}),
        json!({"roomName": "a", "targetCustomerIds": crowd}),
    ];
    service.refuses("/room", 400, &bodies).await;
    assert_eq!(
        service.announced("chat-room-created").await,
        Vec::<Value>::new()
    );
}

#[tokio::test]
async fn decision_21_room_of_500_members_its_creator_included() {
    let service = Service::start().await;
    let crowd: Vec<i64> = (2..=500).collect();
    let body = json!({"roomName": "ữ".repeat(100), "targetCustomerIds": crowd});
    service.post(ALICE, "/room", &body).await.data();
    let announced = service.announced("chat-room-created").await.remove(0);
    assert_eq!(announced["participants"].as_array().unwrap().len(), 500);
}

#[tokio::test]
async fn promise_p6_room_503_while_the_directory_of_its_members_is_down() {
    let service = Service::start().await;
    service.directory.down.store(true, Ordering::SeqCst);
    let body = json!({"roomName": "a", "targetCustomerIds": [BOB]});
    let reply = service.post(ALICE, "/room", &body).await;
    assert_eq!(reply.status, 503);
    assert!(reply.headers.contains_key("retry-after"));
    reply.is_failure();
    service.directory.down.store(false, Ordering::SeqCst);
    service.post(ALICE, "/room", &body).await.data();
}

#[tokio::test]
async fn decision_2_room_a_repeat_is_replayed_and_another_body_is_422() {
    let service = Service::start().await;
    let body = json!({"roomName": "a", "targetCustomerIds": [BOB, 3]});
    let first = service.post_keyed(ALICE, "/room", "k", &body).await;
    let again = service.post_keyed(ALICE, "/room", "k", &body).await;
    assert_eq!(first.data(), again.data());
    assert!(again.replayed());
    let other = json!({"roomName": "b", "targetCustomerIds": [BOB, 3]});
    let reply = service.post_keyed(ALICE, "/room", "k", &other).await;
    assert_eq!(reply.status, 422);
    assert_eq!(service.announced("chat-room-created").await.len(), 1);
}

#[tokio::test]
async fn contract_command_room_401_400_405_413_415_at_the_edge() {
    edge_cases(
        "/room",
        &json!({"roomName": "a", "targetCustomerIds": [BOB]}),
    )
    .await;
}
