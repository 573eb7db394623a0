//! `/rooms`, `/readMarkers/…` and what other services ask.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::ServiceName;
use colloquy_chat_query::MongoViewStore;
use colloquy_contracts::{CustomerId, RoomId};
use colloquy_credentials::identity::Identity;
use serde_json::json;

use crate::{
    events::{CREATOR, MEMBER, OUTSIDER, appended, marker_moved, message_sent, room_created},
    mongodb,
    service::{Parts, Service, Truth, eventually},
};

fn websocket() -> Option<Identity> {
    Some(Identity {
        service: ServiceName::Websocket,
        caller: None,
    })
}

/// Rooms 1 and 2; 2 wrote in room 1 and 3 has read that.
pub async fn two_rooms() -> (Parts, Service) {
    let parts = Parts::embedded().await;
    let events = [
        room_created(1),
        room_created(2),
        message_sent(1, 1, MEMBER),
        marker_moved(1, CustomerId(3), 1),
    ];
    parts.append(&appended(&events)).await;
    let service = parts.start();
    eventually(async || {
        let markers = parts.store.markers(RoomId(1)).await.unwrap();
        markers.len() == 1
    })
    .await;
    (parts, service)
}

#[tokio::test]
async fn the_callers_rooms_come_newest_first_with_their_flags() {
    let (_parts, service) = two_rooms().await;
    let rooms = service.get(CREATOR, "/rooms").await.ok();
    assert_eq!(
        rooms,
        json!([
            {
                "roomId": 1, "roomName": "Room 1", "participantIds": [1, 2, 3],
                "unreadStatus": {"1": true, "2": false, "3": false},
                "lastMessage": {
                    "messageId": 10001, "senderId": 2, "content": "message 1",
                    "sentAt": "1970-01-01T00:00:10.001Z", "seq": 1,
                },
                "createdBy": 1, "createdAt": "1970-01-01T00:00:01.000Z", "updatedAt": "1970-01-01T00:00:10.001Z",
            },
            {
                "roomId": 2, "roomName": "Room 2", "participantIds": [1, 2, 3],
                "unreadStatus": {"1": false, "2": true, "3": true},
                "lastMessage": null,
                "createdBy": 1, "createdAt": "1970-01-01T00:00:01.000Z", "updatedAt": "1970-01-01T00:00:01.000Z",
            },
        ])
    );
}

#[tokio::test]
async fn a_customer_in_no_room_gets_an_empty_list() {
    let (_parts, service) = two_rooms().await;
    assert_eq!(service.get(OUTSIDER, "/rooms").await.ok(), json!([]));
}

#[tokio::test]
async fn read_markers_are_shown_to_members_alone() {
    let (_parts, service) = two_rooms().await;
    let markers = service.get(MEMBER, "/readMarkers/roomId/1").await.ok();
    assert_eq!(
        markers,
        json!([{"id": "1:3", "roomId": 1, "customerId": 3, "lastReadMessageId": 10001}])
    );
    assert_eq!(
        service.get(MEMBER, "/readMarkers/roomId/2").await.ok(),
        json!([])
    );
    assert_eq!(
        service
            .get(OUTSIDER, "/readMarkers/roomId/1")
            .await
            .refused(),
        403
    );
}

#[tokio::test]
async fn other_services_ask_for_a_customers_rooms_and_memberships() {
    let (_parts, service) = two_rooms().await;
    let rooms = service
        .ask(websocket(), "/internal/rooms/customerId/2")
        .await
        .ok();
    assert_eq!(rooms.as_array().unwrap().len(), 2);
    for (path, expected) in [
        ("/internal/valid/roomId/1/customerId/2", true),
        ("/internal/valid/roomId/1/customerId/9", false),
        ("/internal/valid/roomId/7/customerId/2", false),
    ] {
        let answer = service.ask(websocket(), path).await;
        assert_eq!(
            (answer.status, answer.success, answer.data),
            (200, expected, json!(expected)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn nothing_is_answered_without_an_identity() {
    let (_parts, service) = two_rooms().await;
    for path in [
        "/rooms",
        "/message/roomId/1",
        "/message/roomId/1/index/5",
        "/onlineStatus/roomId/1",
        "/readMarkers/roomId/1",
        "/internal/rooms/customerId/1",
        "/internal/valid/roomId/1/customerId/1",
    ] {
        assert_eq!(service.ask(None, path).await.refused(), 401, "{path}");
    }
    for path in ["/rooms", "/message/roomId/1", "/readMarkers/roomId/1"] {
        assert_eq!(
            service.ask(websocket(), path).await.refused(),
            401,
            "{path}"
        );
    }
}

#[tokio::test]
async fn decision_31_what_other_services_may_ask_is_403_from_outside() {
    let (_parts, service) = two_rooms().await;
    for path in [
        "/internal/rooms/customerId/1",
        "/internal/valid/roomId/1/customerId/1",
        "/internal/valid/roomId/x/customerId/1",
    ] {
        assert_eq!(service.get(CREATOR, path).await.refused(), 403, "{path}");
    }
}

#[tokio::test]
async fn decision_31_what_is_no_id_is_400() {
    let (_parts, service) = two_rooms().await;
    for path in [
        "/message/roomId/one",
        "/message/roomId/1/index/x",
        "/message/roomId/9223372036854775808",
        "/message/roomId/1/index/9223372036854775808",
        "/onlineStatus/roomId/one",
        "/readMarkers/roomId/1.5",
    ] {
        assert_eq!(service.get(CREATOR, path).await.refused(), 400, "{path}");
    }
    for path in [
        "/internal/rooms/customerId/-",
        "/internal/valid/roomId/1/customerId/two",
    ] {
        assert_eq!(
            service.ask(websocket(), path).await.refused(),
            400,
            "{path}"
        );
    }
}

#[tokio::test]
async fn promise_6_a_store_that_is_down_is_503_within_5_s() {
    let parts = Parts::embedded().await;
    let down = MongoViewStore::new(mongodb::UNREACHABLE, "views")
        .await
        .unwrap();
    let truth = Truth {
        members: [(RoomId(1), MEMBER)].into(),
        is_down: false,
    };
    let service = Service::start(Arc::new(down), Arc::clone(&parts.log), truth);
    for path in [
        "/rooms",
        "/message/roomId/1",
        "/message/roomId/1?minSeq=1",
        "/onlineStatus/roomId/1",
        "/readMarkers/roomId/1",
        "/internal/valid/roomId/1/customerId/2",
    ] {
        let asked = tokio::time::Instant::now();
        let answer = if path.starts_with("/internal/") {
            service.ask(websocket(), path).await
        } else {
            service.get(MEMBER, path).await
        };
        assert!(answer.retry_after, "{path}");
        assert_eq!(answer.refused(), 503, "{path}");
        assert!(asked.elapsed() < Duration::from_secs(5), "{path}");
    }
}
