//! Contract §2: one shape for every answer, and an id on each.

use std::collections::HashSet;

use anyhow::{Context as _, Result};
use colloquy_e2e::client::{Answer, exact};
use reqwest::Method;
use serde_json::json;

use crate::scene::{Scene, assert_common, keys, scene};

/// One answer of every status that a healthy system gives without being forced.
async fn one_of_each(scene: &Scene) -> Result<Vec<Answer>> {
    let room = scene.room().await?;
    let user1 = &scene.user1;
    Ok(vec![
        user1.get("/query/rooms").await?,
        user1.send_raw(room, "hello", None).await?,
        user1.send_raw(room, " ", None).await?,
        scene.anonymous()?.get("/query/rooms").await?,
        scene.user3.send_raw(room, "hello", None).await?,
        user1.get("/query/nothing").await?,
        user1.get("/command/message").await?,
        user1.send_raw(room, &"x".repeat(300_000), None).await?,
        user1
            .fetch(user1.request(Method::POST, "/command/room").body("text"))
            .await?,
        exact(scene.url, Method::GET, "/internal", &[]).await?,
    ])
}

#[tokio::test]
async fn contract_2_every_answer_is_the_envelope_and_has_a_request_id_of_its_own() -> Result<()> {
    let answers = one_of_each(&scene().await?).await?;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 400, 401, 403, 404, 405, 413, 415, 403]);
    let mut ids = HashSet::new();
    for answer in &answers {
        assert_eq!(
            keys(&answer.body),
            ["data", "message", "success"],
            "{answer:?}"
        );
        assert_eq!(answer.body["success"], answer.status == 200);
        assert!(answer.body["message"].is_string(), "{answer:?}");
        assert_common(answer, "an answer");
        ids.insert(answer.header("x-request-id").context("an id")?);
    }
    assert_eq!(ids.len(), answers.len(), "ids repeat");
    Ok(())
}

#[tokio::test]
async fn contract_2_a_request_id_cannot_smuggle_anything_into_answers_or_logs() -> Result<()> {
    let scene = scene().await?;
    for id in ["a b", "<script>", &"x".repeat(500)] {
        let request = scene
            .user1
            .request(Method::GET, "/query/rooms")
            .header("x-request-id", id);
        let answer = scene.user1.fetch(request).await?;
        assert_eq!(answer.status, 200);
        assert_common(&answer, id);
        assert_ne!(answer.header("x-request-id"), Some(id));
    }
    Ok(())
}

#[tokio::test]
async fn contract_2_auth_answers_have_their_own_shape() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    let body = json!({"username": "user1", "password": "123"});
    let answer = anonymous.post("/auth/login", &body).await?;
    assert_eq!(keys(&answer.body), ["details", "message"], "{answer:?}");
    assert_common(&answer, "login");
    Ok(())
}
