//! Who may come in (contract §3): the cookie, and nothing else.

use anyhow::{Context as _, Result};
use colloquy_e2e::client::{Answer, exact};
use reqwest::Method;
use serde_json::json;

use crate::scene::{assert_refused, scene};

const NEED_A_SESSION: [(&str, &str); 10] = [
    ("GET", "/customer/info"),
    ("POST", "/customer/changePass"),
    ("POST", "/command/room"),
    ("POST", "/command/message"),
    ("POST", "/command/read"),
    ("GET", "/query/rooms"),
    ("GET", "/query/message/roomId/1"),
    ("GET", "/query/message/roomId/1/index/2"),
    ("GET", "/query/onlineStatus/roomId/1"),
    ("GET", "/query/readMarkers/roomId/1"),
];

#[track_caller]
fn assert_cleared(answer: &Answer, what: &str) {
    let cookie = answer.session_cookie().unwrap_or_default();
    assert!(cookie.starts_with("jwt_token=;"), "{what}: {answer:?}");
    for attribute in ["Max-Age=0", "Path=/", "HttpOnly"] {
        assert!(cookie.contains(attribute), "{what}: {cookie}");
    }
}

#[tokio::test]
async fn contract_3_401_without_a_cookie() -> Result<()> {
    let scene = scene().await?;
    for (method, path) in NEED_A_SESSION {
        let answer = exact(scene.url, method.parse()?, path, &[]).await?;
        assert_refused(&answer, 401, path);
    }
    Ok(())
}

#[tokio::test]
async fn contract_3_401_with_an_invalid_cookie_which_is_cleared() -> Result<()> {
    let scene = scene().await?;
    let mine = scene.user1.token().context("a session")?;
    let theirs = scene.user2.token().context("a session")?;
    let part = |token: &str, n: usize| token.split('.').nth(n).unwrap_or_default().to_owned();
    let (head, claims, signature) = (part(mine, 0), part(mine, 1), part(mine, 2));
    let no_algorithm = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    for (what, token) in [
        ("no token", "garbage".to_owned()),
        ("three parts of nothing", "a.b.c".to_owned()),
        ("no signature", format!("{head}.{claims}.")),
        ("two parts", format!("{head}.{claims}")),
        ("a fourth part", format!("{mine}.{signature}")),
        ("alg none", format!("{no_algorithm}.{claims}.")),
        (
            "alg none with a signature",
            format!("{no_algorithm}.{claims}.{signature}"),
        ),
        (
            "another's claims",
            format!("{head}.{}.{signature}", part(theirs, 1)),
        ),
        (
            "another's signature",
            format!("{head}.{claims}.{}", part(theirs, 2)),
        ),
    ] {
        let client = scene.anonymous()?.with_token(&token);
        let answer = client.get("/query/rooms").await?;
        assert_refused(&answer, 401, what);
        assert_cleared(&answer, what);
        let answer = client
            .post(
                "/command/message",
                &json!({"roomId": 1, "content": "hello"}),
            )
            .await?;
        assert_refused(&answer, 401, what);
        assert_cleared(&answer, what);
    }
    Ok(())
}

#[tokio::test]
async fn contract_3_a_token_counts_only_in_the_cookie() -> Result<()> {
    let scene = scene().await?;
    let token = scene.user1.token().context("a session")?;
    let anonymous = scene.anonymous()?;
    let bearer = anonymous
        .request(Method::GET, "/query/rooms")
        .header("authorization", format!("Bearer {token}"));
    assert_refused(&anonymous.fetch(bearer).await?, 401, "a bearer token");
    let header = anonymous
        .request(Method::GET, "/query/rooms")
        .header("jwt_token", token);
    assert_refused(
        &anonymous.fetch(header).await?,
        401,
        "a header of that name",
    );
    let parameter = format!("/query/rooms?jwt_token={token}");
    assert_refused(&anonymous.get(&parameter).await?, 401, "a parameter");
    Ok(())
}

#[tokio::test]
async fn contract_3_the_cookie_is_found_among_others() -> Result<()> {
    let scene = scene().await?;
    let token = scene.user1.token().context("a session")?;
    let cookies = format!("theme=dark; jwt_token={token}; xjwt_token=no");
    let answer = exact(
        scene.url,
        Method::GET,
        "/query/rooms",
        &[("cookie", &cookies)],
    )
    .await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn decision_31_401_comes_before_404_under_the_four_prefixes() -> Result<()> {
    let scene = scene().await?;
    let anonymous = scene.anonymous()?;
    for path in [
        "/customer/nothing",
        "/command/nothing",
        "/query/nothing/at/all",
    ] {
        assert_refused(&anonymous.get(path).await?, 401, path);
        assert_refused(&scene.user1.get(path).await?, 404, path);
    }
    assert_eq!(anonymous.get("/auth/nothing").await?.status, 401);
    assert_eq!(scene.user1.get("/auth/nothing").await?.status, 404);
    Ok(())
}
