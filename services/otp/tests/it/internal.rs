//! `/internal/*/email` over the router (contract §4).

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use colloquy_chassis::ServiceName;
use colloquy_credentials::identity::Identity;
use colloquy_otp::{Otp, router};
use colloquy_service_api::one_time_codes::{
    GENERATE_PATH, IssuedCode, OneTimeCode, RESEND_PATH, VALIDATE_PATH,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::parts::{AN, OneRequester as _, embedded, nowhere, otp_on, wrong};

/// One POST as `service`, or without a caller.
pub async fn post_as(
    service: Option<ServiceName>,
    otp: &Arc<Otp>,
    path: &str,
    body: &str,
) -> (StatusCode, Value) {
    let mut request = Request::post(path)
        .header("content-type", "application/json")
        .header("x-request-id", "of-a-test")
        .body(Body::from(body.to_owned()))
        .unwrap();
    if let Some(service) = service {
        let identity = Identity {
            service,
            caller: None,
        };
        request.extensions_mut().insert(identity);
    }
    let response = router(Arc::clone(otp)).oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

pub async fn post(otp: &Arc<Otp>, path: &str, body: &Value) -> (StatusCode, Value) {
    post_as(Some(ServiceName::Customer), otp, path, &body.to_string()).await
}

fn code_of(answer: &Value) -> OneTimeCode {
    serde_json::from_value(answer["data"]["otpCode"].clone()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn contract_4_otp_generate_200_has_code_status_and_end() {
    let (_lives, store) = embedded();
    let otp = otp_on(&store);
    let (status, new) = post(&otp, GENERATE_PATH, &json!({"email": AN})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(new["success"], true);
    assert_eq!(new["data"]["statusMessage"], "New code.");
    assert_eq!(new["data"]["expiresAt"], "2023-11-14T22:18:20.000Z");

    let (status, again) = post(&otp, GENERATE_PATH, &json!({"email": AN, "more": 1})).await;
    assert_eq!(status, StatusCode::OK);
    let message = again["data"]["statusMessage"].as_str().unwrap();
    assert!(message.starts_with("Existing"), "{message}");
    assert_eq!(again["data"]["otpCode"], new["data"]["otpCode"]);
    assert_eq!(again["data"]["expiresAt"], new["data"]["expiresAt"]);

    let wire: IssuedCode = serde_json::from_value(again["data"].clone()).unwrap();
    assert_eq!(wire, otp.generate(AN).await.unwrap());
}

#[tokio::test]
async fn contract_4_otp_resend_200_is_always_a_new_code() {
    let (_lives, store) = embedded();
    let otp = otp_on(&store);
    for _ in 0..2 {
        let (status, answer) = post(&otp, RESEND_PATH, &json!({"email": AN})).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(answer["success"], true);
        assert_eq!(answer["data"]["statusMessage"], "New code.");
        assert_eq!(code_of(&answer).0.len(), 6);
    }
}

#[tokio::test]
async fn contract_4_otp_validate_200_says_true_once() {
    let (_lives, store) = embedded();
    let otp = otp_on(&store);
    let (_, issued) = post(&otp, GENERATE_PATH, &json!({"email": AN})).await;
    let right = code_of(&issued);
    for (code, expected) in [
        (wrong(&right).0, false),
        ("12345".to_owned(), false),
        (right.0.clone(), true),
        (right.0, false),
    ] {
        let body = json!({"email": AN, "otpCode": code});
        let (status, answer) = post(&otp, VALIDATE_PATH, &body).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(answer["success"], expected);
        assert_eq!(answer["data"], expected);
    }
}

#[tokio::test]
async fn contract_4_otp_400_for_an_address_or_code_that_is_missing_blank_or_too_long() {
    let (_lives, store) = embedded();
    let otp = otp_on(&store);
    let overlong = "x".repeat(255);
    for path in [GENERATE_PATH, RESEND_PATH, VALIDATE_PATH] {
        for body in [
            json!({"otpCode": "123456"}),
            json!({"email": "", "otpCode": "123456"}),
            json!({"email": " \t", "otpCode": "123456"}),
            json!({"email": overlong, "otpCode": "123456"}),
            json!({"email": null, "otpCode": "123456"}),
            json!({"email": 1, "otpCode": "123456"}),
            json!([]),
            Value::Null,
        ] {
            let (status, answer) = post(&otp, path, &body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {body}");
            assert_eq!(answer["success"], false);
            assert_eq!(answer["data"], Value::Null);
        }
        let customer = Some(ServiceName::Customer);
        let (status, _) = post_as(customer, &otp, path, "{").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
    }
    for body in [
        json!({"email": AN}),
        json!({"email": AN, "otpCode": 123_456}),
    ] {
        let (status, _) = post(&otp, VALIDATE_PATH, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
}

#[tokio::test]
async fn contract_4_otp_401_without_a_caller_and_403_for_the_outside() {
    let (_lives, store) = embedded();
    let otp = otp_on(&store);
    let body = json!({"email": AN, "otpCode": "123456"}).to_string();
    for path in [GENERATE_PATH, RESEND_PATH, VALIDATE_PATH] {
        for (service, expected) in [
            (None, StatusCode::UNAUTHORIZED),
            (Some(ServiceName::ApiGateway), StatusCode::FORBIDDEN),
        ] {
            let (status, answer) = post_as(service, &otp, path, &body).await;
            assert_eq!(status, expected, "{path}");
            assert_eq!(answer["success"], false);
            assert_eq!(answer["data"], Value::Null);
        }
    }
    let nothing = store.get(crate::parts::KEY_OF_AN).await.unwrap();
    assert_eq!(nothing, None, "outsiders made no code");
}

#[tokio::test]
async fn contract_4_otp_503_while_the_store_is_away() {
    let (_lives, store) = nowhere().await;
    let otp = otp_on(&store);
    let body = json!({"email": AN, "otpCode": "123456"});
    for path in [GENERATE_PATH, RESEND_PATH, VALIDATE_PATH] {
        let (status, answer) = post(&otp, path, &body).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer["success"], false);
        assert_eq!(answer["data"], Value::Null);
    }
}
