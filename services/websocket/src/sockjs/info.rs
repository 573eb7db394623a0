//! What a client asks before it chooses a transport.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::header;
use serde::Serialize;
use uuid::Uuid;

use super::NOT_CACHED;

#[derive(Serialize)]
struct Info {
    websocket: bool,
    origins: [&'static str; 1],
    cookie_needed: bool,
    entropy: u32,
}

/// The base: it says that SockJS is here.
pub(super) async fn greet() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=UTF-8")];
    (kind, "Welcome to SockJS!\n").into_response()
}

/// Which transports there are. `origins` is a word of the protocol that says nothing; who may connect is decided by
/// every answer (decision 25).
pub(super) async fn info() -> Response {
    let info = Info {
        websocket: true,
        origins: ["*:*"],
        cookie_needed: true,
        entropy: Uuid::new_v4().as_u64_pair().1 as u32,
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            "application/json; charset=UTF-8"
                .parse()
                .expect("a header value"),
        ),
        (header::CACHE_CONTROL, NOT_CACHED),
    ];
    (headers, Json(info)).into_response()
}
