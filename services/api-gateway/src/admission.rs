//! Who may come in at all, before any path is looked at: the right host, an allowed origin (decision 25).

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use colloquy_chassis::{ApiError, Kind, origins::Origins};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// The hosts we answer to and the origins whose pages may call. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Admission {
    hosts: Arc<[String]>,
    origins: Origins,
}

impl Admission {
    /// `hosts` are authorities (`host[:port]`), compared without case; none at all means that any is answered.
    pub fn new(hosts: impl IntoIterator<Item = String>, origins: Origins) -> Self {
        Self {
            hosts: hosts
                .into_iter()
                .map(|host| host.to_ascii_lowercase())
                .collect(),
            origins,
        }
    }

    fn knows_host(&self, headers: &HeaderMap) -> bool {
        let named = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        self.hosts.is_empty()
            || self
                .hosts
                .iter()
                .any(|host| host.eq_ignore_ascii_case(named))
    }
}

/// Refuses strangers, answers pre-flight requests, and names the allowed origin on every answer to one.
pub async fn admit(State(admission): State<Admission>, request: Request, next: Next) -> Response {
    if !admission.knows_host(request.headers()) {
        return ApiError::new(Kind::Misdirected, "This host is not served here.").into_response();
    }
    if !admission.origins.admit(request.headers()) {
        return ApiError::new(Kind::Forbidden, "Pages of this origin may not call.")
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
