//! What crosses the gateway: only headers that are named here, in either direction. An allow list cannot be tricked
//! by a spelling of an identity header that nobody thought of (reliability.md S14).

use http::{HeaderMap, HeaderName, header};

const INWARDS: [HeaderName; 5] = [
    header::ACCEPT,
    header::CONTENT_TYPE,
    header::USER_AGENT,
    HeaderName::from_static("idempotency-key"),
    colloquy_chassis::router::REQUEST_ID,
];

const OUTWARDS: [HeaderName; 8] = [
    header::ALLOW,
    header::CACHE_CONTROL,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::RETRY_AFTER,
    header::SET_COOKIE,
    HeaderName::from_static("idempotent-replayed"),
    colloquy_chassis::router::REQUEST_ID,
];

/// The headers of a request that a service gets to see.
#[must_use]
pub fn inwards(headers: &HeaderMap) -> HeaderMap {
    only(&INWARDS, headers)
}

/// The headers of an answer that a client gets to see.
#[must_use]
pub fn outwards(headers: &HeaderMap) -> HeaderMap {
    only(&OUTWARDS, headers)
}

fn only(names: &[HeaderName], headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in names {
        for value in headers.get_all(name) {
            kept.append(name, value.clone());
        }
    }
    kept
}
