//! Forty ways to claim an identity in headers, on every route of the document: no client becomes another (reliability.md
//! S14), and deny is the default.

use anyhow::{Context as _, Result};
use colloquy_e2e::client::{Answer, USER2, raw};
use futures_util::future::try_join_all;
use serde_json::Value;

use crate::{
    documents::{Operation, operations},
    scene::scene,
};

/// Header lines that claim to be customer 2, as they are sent.
const CLAIMS: [&str; 40] = [
    "X-Customer-Id: 2",
    "x-customer-id: 2",
    "X-CUSTOMER-ID: 2",
    "x-CuStOmEr-iD: 2",
    "X-Customer-ID:2",
    "X-Customer-Id:\t2",
    "X-Customer-Id: 2\r\nX-Customer-Id: 2",
    "X-Customer-Id: 2, 2",
    "X-Customer-Id: 1, 2",
    "X-Customer-Id: \"2\"",
    "X-Customer-Id: 02",
    "X-Customer-Id: 2;",
    "X-Customer-Id: 2\r\nConnection: X-Customer-Id",
    "Connection: X-Customer-Id\r\nX-Customer-Id: 2",
    "Connection: Authorization",
    "Connection: Cookie",
    "X_Customer_Id: 2",
    "X-Customer_Id: 2",
    "X.Customer.Id: 2",
    "Customer-Id: 2",
    "CustomerId: 2",
    "X-CustomerId: 2",
    "X-User-Id: 2",
    "X-User: user2",
    "X-Username: user2",
    "X-Auth-User: user2",
    "X-Remote-User: user2",
    "Remote-User: user2",
    "X-Forwarded-User: user2",
    "X-Identity: {\"customerId\":2}",
    "X-Internal-Token: 2",
    "X-Service: chat-command-service\r\nX-Customer-Id: 2",
    "Authorization: Bearer 2",
    "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJhcGktZ2F0ZXdheSIsImN1c3RvbWVySWQiOjJ9.",
    "Authorization: Basic dXNlcjI6MTIzNA==",
    "X-Client-Address: 10.9.9.9",
    "X-Original-URL: /query/rooms\r\nX-Customer-Id: 2",
    "X-Rewrite-URL: /internal/rooms/customerId/2",
    "X-HTTP-Method-Override: GET\r\nX-Customer-Id: 2",
    "X-Service-Credential-Refused: true",
];

async fn call(url: &str, operation: &Operation, cookie: &str, lines: &str) -> Result<Answer> {
    let host = url.trim_start_matches("http://");
    // No customer's id: the request does not depend on the client, but the answer does.
    let (method, path) = (&operation.method, operation.path_with(USER2.id));
    let (kind, body) = match method.as_str() {
        "POST" => (
            "Content-Type: application/json\r\nContent-Length: 2\r\n",
            "{}",
        ),
        _ => ("", ""),
    };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{kind}{cookie}{lines}\r\nConnection: close\r\n\r\n{body}"
    );
    raw(url, request.as_bytes())
        .await
        .with_context(|| format!("{method} {path} with {lines}"))
}

/// What an answer says of the caller: how far the events of all customers have come goes on between two calls.
fn of_the_caller(operation: &Operation, answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    if operation.path == "/command/flow"
        && let Some(data) = body["data"].as_object_mut()
    {
        data.retain(|name, _| name == "messages");
    }
    body
}

#[tokio::test]
async fn s14_forty_claims_of_an_identity_change_nothing_on_any_route() -> Result<()> {
    let scene = scene().await?;
    let operations = operations(scene.url).await?;
    assert!(operations.len() > 20, "{}", operations.len());
    for claim in CLAIMS {
        // An account of its own for each claim: searches are limited.
        let me = scene.newcomer("Who Claims").await?;
        let cookie = format!(
            "Cookie: jwt_token={}\r\n",
            me.client.token().context("a session")?
        );
        let calls = operations.iter().map(async |operation| {
            // A logout would end the session of the others.
            if operation.path == "/auth/logout" {
                return anyhow::Ok(());
            }
            let honest = call(scene.url, operation, &cookie, "X-Nothing: 2").await?;
            let claimed = call(scene.url, operation, &cookie, claim).await?;
            let what = format!("{} {} with {claim}", operation.method, operation.path);
            assert_eq!(claimed.status, honest.status, "{what}: {claimed:?}");
            let [claimed, honest] =
                [&claimed, &honest].map(|answer| of_the_caller(operation, answer));
            assert_eq!(claimed, honest, "{what}");
            let anonymous = call(scene.url, operation, "", claim).await?;
            if operation.is_public {
                assert_ne!(anonymous.status, 401, "{what}");
            } else {
                assert_eq!(anonymous.status, 401, "{what}: {anonymous:?}");
                assert_eq!(anonymous.body["data"], Value::Null, "{what}");
            }
            Ok(())
        });
        try_join_all(calls).await?;
    }
    Ok(())
}

#[tokio::test]
async fn s14_a_trailer_is_no_header() -> Result<()> {
    let scene = scene().await?;
    let host = scene.url.trim_start_matches("http://");
    let token = scene.user1.token().context("a session")?;
    let body = r#"{"roomName":"Whose room","targetCustomerIds":[3]}"#;
    let request = format!(
        "POST /command/room HTTP/1.1\r\nHost: {host}\r\nCookie: jwt_token={token}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X-Customer-Id\r\n\r\n\
         {:x}\r\n{body}\r\n0\r\nX-Customer-Id: 2\r\n\r\n",
        body.len()
    );
    let answer = raw(scene.url, request.as_bytes()).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    let room = answer.data().as_i64().context("a room")?;
    let listed = crate::scene::listed(&scene.user1, room, "the room is user 1's", |_| true).await?;
    assert_eq!(listed["createdBy"], 1);
    Ok(())
}
