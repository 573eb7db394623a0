//! `POST /auth/login`.

use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use colloquy_e2e::client::{Answer, USER1, USER3};
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::scene::{assert_common, is_sentence, keys, scene};

const LOGIN: &str = "/auth/login";

/// The two `/auth/*` answers have a shape of their own (contract §2).
#[track_caller]
fn assert_shape(answer: &Answer, what: &str) {
    assert_eq!(
        keys(&answer.body),
        ["details", "message"],
        "{what}: {answer:?}"
    );
    assert!(is_sentence(&answer.body["message"]), "{what}: {answer:?}");
    assert!(is_sentence(&answer.body["details"]), "{what}: {answer:?}");
    assert_common(answer, what);
}

#[tokio::test]
async fn contract_auth_login_200_sets_the_cookie_with_exactly_these_attributes() -> Result<()> {
    let body = json!({"username": USER1.username, "password": USER1.password});
    let answer = scene().await?.anonymous()?.post(LOGIN, &body).await?;
    assert_eq!(answer.status, 200);
    assert_shape(&answer, "login");
    assert_eq!(answer.body["message"], "Login successful");
    let cookie = answer.session_cookie().context("a cookie")?;
    let mut parts = cookie.split("; ");
    let pair = parts.next().unwrap_or_default();
    assert!(pair.len() > "jwt_token=".len(), "{cookie}");
    let mut attributes: Vec<&str> = parts.collect();
    attributes.sort_unstable();
    assert_eq!(
        attributes,
        ["HttpOnly", "Max-Age=86400", "Path=/", "SameSite=Lax"]
    );
    Ok(())
}

#[tokio::test]
async fn contract_auth_login_token_carries_the_claims() -> Result<()> {
    let scene = scene().await?;
    let token = scene.user1.token().context("a session")?;
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| {
            Ok(serde_json::from_slice(
                &BASE64_URL_SAFE_NO_PAD.decode(part)?,
            )?)
        })
        .collect::<Result<_>>()?;
    let (head, claims) = (&parts[0], &parts[1]);
    assert_eq!(head["alg"], "RS256");
    assert!(head["kid"].is_string(), "{head}");
    assert_eq!(claims["sub"], USER1.username);
    assert_eq!(claims["customerId"], "1");
    assert_eq!(claims["fullName"], USER1.full_name);
    assert_eq!(claims["roles"], json!(["ROLE_USER"]));
    for name in ["jti", "iss", "aud"] {
        assert!(claims[name].is_string(), "{name} in {claims}");
    }
    let lifetime = claims["exp"].as_i64().zip(claims["iat"].as_i64());
    assert_eq!(lifetime.map(|(exp, iat)| exp - iat), Some(86_400));
    Ok(())
}

#[tokio::test]
async fn contract_auth_login_401_is_the_same_for_an_unknown_user_and_a_wrong_password() -> Result<()>
{
    let anonymous = scene().await?.anonymous()?;
    let unknown = json!({"username": "nobody-of-that-name", "password": "12345678"});
    let wrong = json!({"username": USER3.username, "password": "12345678"});
    let unknown = anonymous.post(LOGIN, &unknown).await?;
    let wrong = anonymous.post(LOGIN, &wrong).await?;
    assert_eq!(wrong.status, 401);
    assert_shape(&wrong, "a wrong password");
    assert_eq!(wrong.body["message"], "Login failed");
    assert_eq!((unknown.status, &unknown.body), (wrong.status, &wrong.body));
    let names = |answer: &Answer| -> Vec<String> {
        answer.headers.keys().map(ToString::to_string).collect()
    };
    assert_eq!(names(&unknown), names(&wrong));
    assert_eq!(wrong.session_cookie(), None);
    Ok(())
}

#[tokio::test]
async fn contract_auth_login_400_for_what_is_no_login() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    for body in [
        "",
        "{",
        "null",
        "[]",
        "{}",
        r#"{"username":"user1"}"#,
        r#"{"password":"123"}"#,
        r#"{"username":1,"password":"123"}"#,
        r#"{"username":"user1","password":null}"#,
    ] {
        let request = anonymous
            .request(Method::POST, LOGIN)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let answer = anonymous.fetch(request).await?;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert_shape(&answer, body);
    }
    Ok(())
}

#[tokio::test]
async fn contract_auth_login_415_for_a_body_that_does_not_say_json() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    let body = r#"{"username":"user1","password":"123"}"#;
    for kind in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
    ] {
        let mut request = anonymous.request(Method::POST, LOGIN).body(body);
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        let answer = anonymous.fetch(request).await?;
        assert_eq!(answer.status, 415, "{kind:?}: {answer:?}");
        assert_shape(&answer, "another content type");
        assert_eq!(answer.session_cookie(), None);
    }
    Ok(())
}

#[tokio::test]
async fn contract_auth_login_ignores_unknown_fields_and_a_stale_cookie() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    let body = json!({"username": "user1", "password": "123", "customerId": 2, "remember": true});
    let answer = anonymous.with_token("stale").post(LOGIN, &body).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn decision_31_usernames_compare_without_case() -> Result<()> {
    let client = scene().await?.anonymous()?.login("USER1", "123").await?;
    client.rooms().await?;
    Ok(())
}
