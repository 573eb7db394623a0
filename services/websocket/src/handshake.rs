//! The WebSocket handshake (RFC 6455 §4.2, stomp.md W1, W2, W8, W9). Extensions are declined by not being named.

use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use colloquy_chassis::{ApiError, Kind};
use colloquy_contracts::Envelope;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::stomp::Version;

/// The only version of the WebSocket protocol there is.
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// Why a request opens no socket.
#[derive(Debug)]
pub enum HandshakeError {
    /// Not a handshake.
    Invalid(&'static str),
    /// A handshake of another version.
    Version,
}

impl IntoResponse for HandshakeError {
    fn into_response(self) -> Response {
        match self {
            Self::Invalid(message) => ApiError::new(Kind::Invalid, message).into_response(),
            Self::Version => (
                StatusCode::UPGRADE_REQUIRED,
                [
                    (header::SEC_WEBSOCKET_VERSION, VERSION),
                    (header::UPGRADE, HeaderValue::from_static("websocket")),
                ],
                Json(Envelope::<()>::failure("WebSocket version 13 is needed.")),
            )
                .into_response(),
        }
    }
}

/// The answer that accepts a handshake; the connection is the client's once it is sent.
///
/// # Errors
/// The request is not a handshake of version 13.
pub fn accept<B>(request: &Request<B>) -> Result<Response, HandshakeError> {
    let headers = request.headers();
    let is_upgrade = request.method() == Method::GET
        && lists(headers, header::CONNECTION, "upgrade")
        && lists(headers, header::UPGRADE, "websocket");
    if !is_upgrade {
        return Err(HandshakeError::Invalid(
            "This address speaks WebSocket only.",
        ));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        return Err(HandshakeError::Version);
    }
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .filter(|key| is_nonce(key.as_bytes()))
        .ok_or(HandshakeError::Invalid(
            "Sec-WebSocket-Key must be 16 octets in base64.",
        ))?;
    let accept =
        HeaderValue::try_from(derive_accept_key(key.as_bytes())).expect("base64 is a header value");

    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    answer.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(version) =
        Version::of_sub_protocols(values(headers, header::SEC_WEBSOCKET_PROTOCOL))
    {
        let protocol = HeaderValue::from_static(version.sub_protocol());
        answer.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok(response)
}

fn lists(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    values(headers, name)
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(token))
}

fn values(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
}

/// Whether it is sixteen octets in base64 (RFC 6455 §4.2.1): 22 digits and the padding.
fn is_nonce(key: &[u8]) -> bool {
    let is_digit = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/".contains(octet);
    key.strip_suffix(b"==")
        .is_some_and(|digits| digits.len() == 22 && digits.iter().all(is_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(protocols: &[&str]) -> Request<()> {
        let mut request = Request::builder()
            .header(header::CONNECTION, "keep-alive, Upgrade")
            .header(header::UPGRADE, "WebSocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==")
            .header(header::SEC_WEBSOCKET_EXTENSIONS, "permessage-deflate");
        for protocol in protocols {
            request = request.header(header::SEC_WEBSOCKET_PROTOCOL, *protocol);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn stomp_w8_a_handshake_is_accepted_as_the_rfc_computes_it() {
        let response = accept(&handshake(&[])).unwrap();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(
            response.headers()[header::SEC_WEBSOCKET_ACCEPT],
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn stomp_w1_the_highest_version_offered_is_echoed() {
        for offered in [
            &["v10.stomp, v12.stomp, v11.stomp"][..],
            &["v12.stomp", "v10.stomp"],
            &["mqtt, v12.stomp"],
        ] {
            let response = accept(&handshake(offered)).unwrap();
            let echoed: Vec<_> = response
                .headers()
                .get_all(header::SEC_WEBSOCKET_PROTOCOL)
                .iter()
                .collect();
            assert_eq!(echoed, ["v12.stomp"], "{offered:?}");
        }
    }

    #[test]
    fn stomp_w2_without_a_known_sub_protocol_none_is_named() {
        for offered in [&[][..], &["mqtt"], &["V12.STOMP"]] {
            let response = accept(&handshake(offered)).unwrap();
            let named = response
                .headers()
                .contains_key(header::SEC_WEBSOCKET_PROTOCOL);
            assert!(!named, "{offered:?}");
        }
    }

    #[test]
    fn stomp_w9_no_extension_is_accepted() {
        let response = accept(&handshake(&[])).unwrap();
        assert!(
            !response
                .headers()
                .contains_key(header::SEC_WEBSOCKET_EXTENSIONS)
        );
    }
}
