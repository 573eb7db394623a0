//! What every answer tells browsers (reliability.md S22). A handler that needs something else, as a page does,
//! sets that header itself, and it stays.

use axum::{Router, middleware, response::Response};
use http::{HeaderName, HeaderValue, header};

/// An answer is data: it loads nothing, is in no frame, is not taken for another type, is kept nowhere, and no page of
/// another site gets at it. A call across origins that CORS allows is not touched by the resource policy, which is about
/// loads without CORS.
pub const ON_EVERY_ANSWER: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (header::CACHE_CONTROL, "no-store"),
];

/// A year of TLS alone.
const STRICT_TRANSPORT: &str = "max-age=31536000; includeSubDomains";

/// Puts the headers on every answer of a router, refusals and unknown paths included.
pub(crate) fn on_every_answer(router: Router) -> Router {
    router.layer(middleware::map_response(async |response| {
        with(response, &ON_EVERY_ANSWER)
    }))
}

/// Tells browsers to come over TLS only: for a router whose clients all do, because a proxy in front ends TLS. Call it
/// last, around everything.
pub fn strict_transport(router: Router) -> Router {
    router.layer(middleware::map_response(async |response| {
        with(
            response,
            &[(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT)],
        )
    }))
}

fn with(mut response: Response, headers: &[(HeaderName, &'static str)]) -> Response {
    for (name, value) in headers {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}
