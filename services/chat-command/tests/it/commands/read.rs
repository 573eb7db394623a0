//! `POST /read`.

use serde_json::{Value, json};

use crate::service::{ALICE, BOB, STRANGER, Service, edge_cases};

#[tokio::test]
async fn contract_command_read_moves_the_marker_forward_only() {
    let service = Service::start().await;
    let room = service.room().await;
    let (one, two) = (
        service.message(ALICE, room).await,
        service.message(ALICE, room).await,
    );
    for message in [two, one, two] {
        let body = json!({"roomId": room, "messageId": message});
        assert_eq!(service.post(BOB, "/read", &body).await.data(), &Value::Null);
    }
    let announced = json!({"roomId": room, "customerId": BOB, "lastReadMessageId": two});
    assert_eq!(service.announced("read-marker-updated").await, [announced]);
}

#[tokio::test]
async fn contract_command_read_400_missing_or_not_in_that_room() {
    let service = Service::start().await;
    let (room, other) = (service.room().await, service.room().await);
    let foreign = service.message(ALICE, other).await;
    let bodies = [
        json!({"roomId": room}),
        json!({"messageId": foreign}),
        json!({"roomId": room, "messageId": null}),
        json!({"roomId": room, "messageId": "1"}),
        json!({"roomId": room, "messageId": foreign}),
        json!({"roomId": room, "messageId": -1}),
        json!({"roomId": room, "messageId": i64::MAX}),
    ];
    service.refuses("/read", 400, &bodies).await;
    assert_eq!(
        service.announced("read-marker-updated").await,
        Vec::<Value>::new()
    );
}

#[tokio::test]
async fn contract_command_read_403_not_a_member_or_no_such_room() {
    let service = Service::start().await;
    let room = service.room().await;
    let message = service.message(ALICE, room).await;
    for (customer, room) in [(STRANGER, room), (ALICE, room + 1)] {
        let body = json!({"roomId": room, "messageId": message});
        let reply = service.post(customer, "/read", &body).await;
        assert_eq!(reply.status, 403);
        reply.is_failure();
    }
}

#[tokio::test]
async fn decision_2_read_a_repeat_is_replayed_and_says_so() {
    let service = Service::start().await;
    let room = service.room().await;
    let body = json!({"roomId": room, "messageId": service.message(ALICE, room).await});
    assert!(
        !service
            .post_keyed(BOB, "/read", "k", &body)
            .await
            .replayed()
    );
    assert!(
        service
            .post_keyed(BOB, "/read", "k", &body)
            .await
            .replayed()
    );
}

#[tokio::test]
async fn contract_command_read_401_400_405_413_415_at_the_edge() {
    edge_cases("/read", &json!({"roomId": 1, "messageId": 1})).await;
}
