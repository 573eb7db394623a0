//! `GET /internal/member/roomId/{room_id}/customerId/{customer_id}`.

use axum::body::Body;
use colloquy_chassis::ServiceName;
use http::Request;

use crate::service::{ALICE, STRANGER, Service, as_customer, as_service};

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn contract_internal_member_tells_services_the_truth() {
    let service = Service::start().await;
    let room = service.room().await;
    for (room, customer, member) in [
        (room, ALICE, true),
        (room, STRANGER, false),
        (room + 1, ALICE, false),
    ] {
        let path = format!("/internal/member/roomId/{room}/customerId/{customer}");
        let reply = service
            .call(as_service(ServiceName::ChatQuery, get(&path)))
            .await;
        assert_eq!(reply.data(), member);
    }
}

#[tokio::test]
async fn contract_internal_member_401_without_a_credential_and_403_from_outside() {
    let service = Service::start().await;
    let path = "/internal/member/roomId/1/customerId/1";
    assert_eq!(service.call(get(path)).await.status, 401);
    let outside = as_customer(ALICE, get(path));
    assert_eq!(service.call(outside).await.status, 403);
}

#[tokio::test]
async fn decision_31_member_400_for_what_is_no_id() {
    let service = Service::start().await;
    for path in [
        "/internal/member/roomId/x/customerId/1",
        "/internal/member/roomId/1/customerId/1.5",
        "/internal/member/roomId/9223372036854775808/customerId/1",
    ] {
        let reply = service
            .call(as_service(ServiceName::Websocket, get(path)))
            .await;
        assert_eq!(reply.status, 400, "{path}");
        reply.is_failure();
    }
}

#[tokio::test]
async fn contract_2_404_in_the_envelope_for_any_other_path() {
    let service = Service::start().await;
    let reply = service.call(as_customer(ALICE, get("/nowhere"))).await;
    assert_eq!(reply.status, 404);
    reply.is_failure();
}
