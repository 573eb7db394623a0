//! `/internal` is not for clients, however it is spelled (decision 31, reliability.md S15).

use anyhow::{Context as _, Result};
use colloquy_e2e::client::exact;
use reqwest::Method;

use crate::scene::scene;

const SPELLINGS: [&str; 16] = [
    "/internal",
    "/internal/",
    "/internal/rooms/customerId/1",
    "/query/internal/rooms/customerId/1",
    "/query/internal/valid/roomId/1/customerId/1",
    "/command/internal/member/roomId/1/customerId/1",
    "/customer/internal/credential",
    "/auth/internal/revocations?after=0",
    "/%69nternal/rooms/customerId/1",
    "/query/%69%6Eternal/rooms/customerId/1",
    "/query/%2569nternal/rooms/customerId/1",
    "//internal/rooms/customerId/1",
    "/query//internal/rooms/customerId/1",
    "/query/../internal/rooms/customerId/1",
    "/query/%2e%2e/query/internal/rooms/customerId/1",
    "/query/.%2finternal/rooms/customerId/1",
];

#[tokio::test]
async fn decision_31_internal_is_403_in_every_spelling_with_and_without_a_session() -> Result<()> {
    let scene = scene().await?;
    let cookie = format!("jwt_token={}", scene.user1.token().context("a session")?);
    for path in SPELLINGS {
        for method in [Method::GET, Method::POST] {
            for headers in [&[("cookie", cookie.as_str())][..], &[]] {
                let answer = exact(scene.url, method.clone(), path, headers).await?;
                assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
                assert!(answer.data().is_null(), "{method} {path}: {answer:?}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn s15_metrics_are_not_served_through_the_prefixes() -> Result<()> {
    let scene = scene().await?;
    for path in [
        "/query/metrics",
        "/command/metrics",
        "/customer/metrics",
        "/auth/metrics",
    ] {
        let answer = scene.user1.get(path).await?;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    Ok(())
}
