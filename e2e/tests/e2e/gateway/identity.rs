//! Who one is comes from the session, whatever the headers claim (reliability.md S14).

use anyhow::{Context as _, Result};
use colloquy_e2e::client::{USER1, USER2, exact};
use reqwest::Method;
use serde_json::json;

use crate::scene::{listed, scene};

/// Headers with which a client could claim to be customer 2.
const CLAIMS: [&[(&str, &str)]; 12] = [
    &[("X-Customer-Id", "2")],
    &[("x-customer-id", "2")],
    &[("X-CUSTOMER-ID", "2")],
    &[("X_Customer_Id", "2")],
    &[("X-Customer-Id", "2"), ("X-Customer-Id", "2")],
    &[("X-Customer-Id", "1, 2")],
    &[("X-Customer-Id", "2"), ("Connection", "X-Customer-Id")],
    &[("X-Username", "user2"), ("X-Customer-Id", "2")],
    &[("X-User-Id", "2"), ("X-Forwarded-User", "user2")],
    &[("X-Internal-Token", "2"), ("X-Identity", "2")],
    &[("Authorization", "Bearer 2")],
    &[("X-Original-URL", "/query/rooms"), ("X-Customer-Id", "2")],
];

#[tokio::test]
async fn s14_identity_headers_from_outside_open_no_room() -> Result<()> {
    let scene = scene().await?;
    let room = scene.user2.create_room("Without user 1", &[3]).await?;
    let path = format!("/query/message/roomId/{room}");
    let cookie = format!("jwt_token={}", scene.user1.token().context("a session")?);
    for claim in CLAIMS {
        let headers = [claim, &[("cookie", cookie.as_str())]].concat();
        let answer = exact(scene.url, Method::GET, &path, &headers).await?;
        assert_eq!(answer.status, 403, "{claim:?}: {answer:?}");
        let answer = exact(scene.url, Method::GET, &path, claim).await?;
        assert_eq!(answer.status, 401, "{claim:?}: {answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn s14_identity_headers_from_outside_sign_no_message_and_no_room() -> Result<()> {
    let scene = scene().await?;
    let user1 = &scene.user1;
    let create = user1
        .request(Method::POST, "/command/room")
        .header("X-Customer-Id", "2")
        .json(&json!({"roomName": "A room", "targetCustomerIds": [USER2.id]}));
    let created = user1.fetch(create).await?;
    assert_eq!(created.status, 200, "{created:?}");
    let room = created.data().as_i64().context("a room")?;
    let send = user1
        .request(Method::POST, "/command/message")
        .header("X-Customer-Id", "2")
        .json(&json!({"roomId": room, "content": "who am I?", "senderId": USER2.id}));
    assert_eq!(user1.fetch(send).await?.status, 200);
    let history = user1.history_from(room, 1).await?;
    assert_eq!(history[0].sender_id, USER1.id);
    assert_eq!(history[0].sender_full_name, USER1.full_name);
    let view = listed(user1, room, "the room", |_| true).await?;
    assert_eq!(view["createdBy"], USER1.id);
    Ok(())
}
