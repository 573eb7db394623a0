//! What every service's router has in common: errors in the envelope, a request id, security headers, a body limit, no
//! panic that escapes.

use axum::{Router, extract::DefaultBodyLimit, middleware, response::IntoResponse};
use tower_http::catch_panic::CatchPanicLayer;

pub use crate::request_id::REQUEST_ID;
use crate::{ApiError, Kind, request_id::with_request_id, security_headers};

/// Bodies over this many bytes are 413 (decision 31).
pub const BODY_LIMIT: usize = 256 * 1024;

/// Finishes a service's router: call it last, after every route.
pub fn finish(router: Router) -> Router {
    wrap(router.fallback(not_found))
}

/// What [`finish`] does, for a router that answers unknown paths itself.
pub fn wrap(router: Router) -> Router {
    let router = router
        .method_not_allowed_fallback(|| async {
            ApiError::new(Kind::MethodNotAllowed, "Another method is needed here.")
        })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("a handler panicked");
            ApiError::new(Kind::Internal, "Something went wrong on our side.").into_response()
        }))
        .layer(middleware::from_fn(with_request_id));
    security_headers::on_every_answer(router)
}

/// 404 in the envelope.
pub async fn not_found() -> ApiError {
    ApiError::new(Kind::NotFound, "Nothing is served here.")
}
