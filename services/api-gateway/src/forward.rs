//! What the gateway passes on: only headers that are named here, in either direction. An allow list cannot be tricked
//! by a spelling of an identity header that no list of forbidden ones names (reliability.md S14).

use colloquy_chassis::{
    ClientAddress, client_address::CLIENT_ADDRESS, request_id::REQUEST_ID,
    trace_context::TRACEPARENT,
};
use colloquy_credentials::cookies::cookies;
use http::{HeaderMap, HeaderName, HeaderValue, header};

const REQUEST_HEADERS: [HeaderName; 6] = [
    header::ACCEPT,
    header::CONTENT_TYPE,
    header::USER_AGENT,
    HeaderName::from_static("idempotency-key"),
    REQUEST_ID,
    TRACEPARENT,
];

/// The cookies that a service reads itself, each only below its own paths. The session's own is not among them.
const COOKIES: [(&str, &str); 3] = [
    ("/auth/", "login_device"),
    ("/customer/forgetPass/", "reset_requester"),
    ("/customer/forgetPass/", "reset_ticket"),
];

/// No cookie of ours is longer.
const LONGEST_COOKIE: usize = 4096;

const RESPONSE_HEADERS: [HeaderName; 8] = [
    header::ALLOW,
    header::CACHE_CONTROL,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::RETRY_AFTER,
    header::SET_COOKIE,
    HeaderName::from_static("idempotent-replayed"),
    REQUEST_ID,
];

/// The headers of a request for this path (as the client wrote it) that a service gets, with the client's address.
#[must_use]
pub fn request_headers(path: &str, headers: &HeaderMap, client: ClientAddress) -> HeaderMap {
    let mut kept = only(&REQUEST_HEADERS, headers);
    if let Some(cookie) = forwarded_cookies(path, headers) {
        kept.insert(header::COOKIE, cookie);
    }
    kept.insert(CLIENT_ADDRESS, client.header());
    kept
}

/// The headers of an answer that a client gets.
#[must_use]
pub fn response_headers(headers: &HeaderMap) -> HeaderMap {
    only(&RESPONSE_HEADERS, headers)
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

/// Written anew from names of ours and values of plain characters, so that nothing else rides along. Of each name all
/// that there are, because only the service can tell which one is good.
fn forwarded_cookies(path: &str, headers: &HeaderMap) -> Option<HeaderValue> {
    let below = COOKIES.iter().filter(|(below, _)| path.starts_with(below));
    let pairs = below.flat_map(|(_, name)| {
        let plain = cookies(headers, name).filter_map(plain);
        plain.map(move |value| format!("{name}={value}"))
    });
    let pairs: Vec<_> = pairs.collect();
    if pairs.is_empty() {
        return None;
    }
    let mut cookies = HeaderValue::try_from(pairs.join("; ")).ok()?;
    cookies.set_sensitive(true);
    Some(cookies)
}

/// A cookie's value that consists of the characters of an RFC 9110 token, and is not over long.
fn plain(value: &[u8]) -> Option<&str> {
    let is_plain = (1..=LONGEST_COOKIE).contains(&value.len())
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte));
    str::from_utf8(value).ok().filter(|_| is_plain)
}
