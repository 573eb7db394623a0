//! What is not there says so in the envelope.

use anyhow::{Context as _, Result};
use colloquy_e2e::client::exact;
use reqwest::Method;

use crate::scene::{assert_refused, scene};

#[tokio::test]
async fn contract_2_404_for_what_does_not_exist() -> Result<()> {
    let scene = scene().await?;
    for path in [
        "/nothing/of/the/kind",
        "/Query/rooms",
        "/query",
        "/query/rooms/1",
        "/query/message/roomId",
        "/command/message/1",
    ] {
        assert_refused(&scene.user1.get(path).await?, 404, path);
    }
    Ok(())
}

#[tokio::test]
async fn contract_2_405_names_the_allowed_method() -> Result<()> {
    let scene = scene().await?;
    for (method, path, allowed) in [
        (Method::GET, "/command/room", "POST"),
        (Method::GET, "/command/message", "POST"),
        (Method::DELETE, "/command/message", "POST"),
        (Method::POST, "/query/rooms", "GET"),
        (Method::PUT, "/query/message/roomId/1", "GET"),
    ] {
        let request = scene.user1.request(method.clone(), path);
        let answer = scene.user1.fetch(request).await?;
        assert_refused(&answer, 405, path);
        let allow = answer.header("allow").unwrap_or_default();
        assert!(allow.contains(allowed), "{method} {path}: Allow: {allow}");
    }
    Ok(())
}

#[tokio::test]
async fn decision_31_400_for_a_path_that_is_not_written_plainly() -> Result<()> {
    let scene = scene().await?;
    let cookie = format!("jwt_token={}", scene.user1.token().context("a session")?);
    for path in [
        "/query//rooms",
        "//query/rooms",
        "/query/./rooms",
        "/command/../query/rooms",
        "/query/%2e%2e/query/rooms",
        "/query%2Frooms",
        "/query/message%2FroomId/1",
    ] {
        let headers = [("cookie", cookie.as_str())];
        let answer = exact(scene.url, Method::GET, path, &headers).await?;
        assert_refused(&answer, 400, path);
    }
    Ok(())
}
