//! What every service's router has in common: errors in the envelope, a request id, a body limit, no panic that escapes.

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{ApiError, Kind};

/// Bodies over this many bytes are 413 (decision 31).
pub const BODY_LIMIT: usize = 256 * 1024;

/// Carries a request's id on every answer and, inwards, from service to service.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Finishes a service's router: call it last, after every route.
pub fn finish(router: Router) -> Router {
    wrap(router.fallback(not_found))
}

/// What [`finish`] does, for a router that answers unknown paths itself.
pub fn wrap(router: Router) -> Router {
    router
        .method_not_allowed_fallback(|| async {
            ApiError::new(Kind::MethodNotAllowed, "Another method is needed here.")
        })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::custom(|_| {
            ApiError::new(Kind::Internal, "Something went wrong on our side.").into_response()
        }))
        .layer(middleware::from_fn(with_request_id))
}

/// 404 in the envelope.
pub async fn not_found() -> ApiError {
    ApiError::new(Kind::NotFound, "Nothing is served here.")
}

/// Keeps a well-formed id that came with the request, else makes one; spans and the answer carry it.
async fn with_request_id(mut request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(&REQUEST_ID)
        .filter(|id| well_formed(id))
        .cloned()
        .unwrap_or_else(|| {
            HeaderValue::from_str(&Uuid::new_v4().simple().to_string())
                .expect("hexadecimal digits are a header value")
        });
    let span = tracing::info_span!("request", request.id = id.to_str().unwrap_or_default(), http.method = %request.method());
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let mut response = next.run(request).instrument(span).await;
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn well_formed(id: &HeaderValue) -> bool {
    (1..=64).contains(&id.len())
        && id
            .as_bytes()
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
}
