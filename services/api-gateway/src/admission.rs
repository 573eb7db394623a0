//! Which pages may come in at all, before any path is looked at (decision 25), and the headers that tell their browsers so.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use colloquy_chassis::{ApiError, Kind, origins::Origins};
use http::{HeaderValue, Method, StatusCode, header};

/// Refuses strangers, answers pre-flight requests, and names the allowed origin on every answer to one.
pub async fn admit(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    if !origins.admit(request.headers()) {
        return ApiError::new(
            Kind::Forbidden,
            "Pages from this origin may not call this service.",
        )
        .into_response();
    }
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight {
        preflight_answer()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("x-request-id, idempotent-replayed, retry-after"),
    );
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    response
}

fn preflight_answer() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "content-type, idempotency-key, x-request-id",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
