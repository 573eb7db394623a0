//! `POST /login`.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use colloquy_auth::{Auth, LoginLimits, Settings, router};
use colloquy_chassis::client_address::CLIENT_ADDRESS;
use colloquy_service_api::CredentialCheck;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::parts::{
    Away, NOW, OneAccount, SESSION_ID, clock, dependencies, sqlite_throttle, verifier,
};

struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

async fn send(
    credentials: impl CredentialCheck,
    request: Request<Body>,
    secure_cookie: bool,
) -> Answered {
    let (_folder, throttle) = sqlite_throttle().await;
    let settings = Settings {
        secure_cookie,
        logins: LoginLimits::default(),
    };
    let dependencies = dependencies(Arc::new(credentials), throttle, &clock());
    let router = router(Auth::new(dependencies, settings));
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answered {
        status: parts.status,
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap(),
    }
}

fn post(body: impl Into<Body>) -> Request<Body> {
    Request::post("/login")
        .header(header::CONTENT_TYPE, "application/json")
        .header(CLIENT_ADDRESS, "10.0.0.1")
        .body(body.into())
        .unwrap()
}

fn typed(username: &str, password: &str) -> Request<Body> {
    post(json!({"username": username, "password": password}).to_string())
}

/// The cookie's value, once its attributes are as they must be.
fn token(answered: &Answered, attributes: &str) -> String {
    let cookie = answered.headers[header::SET_COOKIE].to_str().unwrap();
    let (token, rest) = cookie
        .strip_prefix("jwt_token=")
        .unwrap()
        .split_once("; ")
        .unwrap();
    assert_eq!(rest, attributes);
    token.to_owned()
}

#[tokio::test]
async fn contract_3_a_right_login_sets_the_cookie() {
    let answered = send(OneAccount, typed("user1", "123"), false).await;
    assert_eq!(answered.status, StatusCode::OK);
    let expected = json!({"message": "Login successful", "details": "You are logged in."});
    assert_eq!(answered.body, expected);
    let token = token(&answered, "HttpOnly; Path=/; Max-Age=86400; SameSite=Lax");
    let session = verifier(&clock()).verify(&token).unwrap();
    assert_eq!(session.customer_id().0, 1);
    assert_eq!(session.caller.full_name, "Vũ Thanh Hải");
    assert_eq!(session.caller.session_id.to_string(), SESSION_ID);
    assert_eq!(session.expires_at.seconds(), NOW + 86_400);
}

#[tokio::test]
async fn contract_3_the_token_carries_the_agreed_header_and_claims() {
    let answered = send(OneAccount, typed("user1", "123"), false).await;
    let token = token(&answered, "HttpOnly; Path=/; Max-Age=86400; SameSite=Lax");
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(parts[0], json!({"typ": "JWT", "alg": "RS256", "kid": "k1"}));
    let claims = json!({
        "sub": "user1", "customerId": "1", "fullName": "Vũ Thanh Hải", "roles": ["ROLE_USER"],
        "iat": NOW, "sessionNumber": 4, "exp": NOW + 86_400, "jti": SESSION_ID, "iss": "colloquy", "aud": "colloquy-clients",
    });
    assert_eq!(parts[1], claims);
}

#[tokio::test]
async fn contract_3_the_cookie_is_secure_where_the_setting_says_so() {
    let answered = send(OneAccount, typed("user1", "123"), true).await;
    token(
        &answered,
        "HttpOnly; Path=/; Max-Age=86400; SameSite=Lax; Secure",
    );
}

#[tokio::test]
async fn s05_unknown_users_and_wrong_passwords_have_the_same_answer() {
    for request in [
        typed("user1", "1234"),
        typed("nobody", "123"),
        typed("", ""),
    ] {
        let answered = send(OneAccount, request, false).await;
        assert_eq!(answered.status, StatusCode::UNAUTHORIZED);
        let expected = json!({
            "message": "Login failed", "details": "The username or the password is wrong."
        });
        assert_eq!(answered.body, expected);
        assert!(!answered.headers.contains_key(header::SET_COOKIE));
    }
}

#[tokio::test]
async fn contract_2_every_refusal_has_the_shape_of_the_auth_answers() {
    let text = Request::post("/login")
        .header(CLIENT_ADDRESS, "10.0.0.1")
        .body(Body::from("{}"))
        .unwrap();
    let get = Request::builder()
        .method(Method::GET)
        .uri("/login")
        .header(CLIENT_ADDRESS, "10.0.0.1")
        .body(Body::empty())
        .unwrap();
    let huge = typed("user1", &"x".repeat(300 * 1024));
    for (request, expected) in [
        (post("{"), StatusCode::BAD_REQUEST),
        (post(r#"{"username":"user1"}"#), StatusCode::BAD_REQUEST),
        (
            post(r#"{"username":1,"password":"123"}"#),
            StatusCode::BAD_REQUEST,
        ),
        (text, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (get, StatusCode::METHOD_NOT_ALLOWED),
        (huge, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let answered = send(OneAccount, request, false).await;
        assert_eq!(answered.status, expected);
        let body = answered.body.as_object().unwrap();
        assert_eq!(body.len(), 2, "{body:?}");
        assert_eq!(body["message"], "Login failed");
        assert!(!body["details"].as_str().unwrap().is_empty());
        assert_eq!(answered.headers[header::CONTENT_TYPE], "application/json");
        assert!(answered.headers.contains_key("x-request-id"));
    }
}

#[tokio::test]
async fn invariant_12_without_an_answer_of_customer_management_no_login_succeeds() {
    let answered = send(Away, typed("user1", "123"), false).await;
    assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answered.headers[header::RETRY_AFTER], "1");
    assert_eq!(answered.body["message"], "Login failed");
    assert!(!answered.headers.contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn decision_26_without_a_client_address_no_login_succeeds() {
    let mut request = typed("user1", "123");
    request.headers_mut().remove(CLIENT_ADDRESS);
    let answered = send(OneAccount, request, false).await;
    assert_eq!(answered.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answered.body["message"], "Login failed");
}
