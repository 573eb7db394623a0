//! SockJS at `/ws/chat-sockjs` (contract §5, stomp.md §7): STOMP for networks that let no WebSocket through.
//!
//! It is no second way to speak STOMP: each transport is a [`Transport`](crate::connection::transport::Transport) beneath the
//! same connection, session and queue. Served are the transports of a page that has CORS: WebSocket, raw and framed,
//! `xhr`, `xhr_streaming` and `eventsource`; nothing that needs an iframe or JSONP.
//!
//! # Whose session it is
//! A session over plain HTTP is many requests. The cookie of the one that opens it is the session's cookie, as that of a
//! handshake is. If it was valid, every later request must carry a valid cookie of the same customer, or it is 403:
//! knowing a session's address is not enough. A session that was opened without one gets a customer only by the
//! `jwt_token` header of CONNECT; its client proves itself by the address it has chosen, and cookies are ignored.

mod frame;
mod http_sessions;
mod info;
mod polled;
mod receive;
mod receiver;
mod send;
mod socket;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use colloquy_chassis::{ApiError, Kind};
use http::{HeaderMap, HeaderValue, header};

use self::{http_sessions::HttpSessions, receiver::AnswerFormat};
use crate::{
    Websocket,
    upgrade::{admit_page, method_not_allowed, open},
};

/// Where pages with SockJS connect.
pub const PATH: &str = "/ws/chat-sockjs";

/// A part of an address is no longer than this, so that what is kept of it is small.
const MAX_SEGMENT: usize = 128;
const NOT_CACHED: HeaderValue =
    HeaderValue::from_static("no-store, no-cache, no-transform, must-revalidate, max-age=0");
const CACHED_FOR_A_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000, public");

/// What the handlers share.
#[derive(Clone)]
struct SockJs {
    websocket: Arc<Websocket>,
    sessions: Arc<HttpSessions>,
}

/// The routes of SockJS.
pub fn router(websocket: Arc<Websocket>) -> Router {
    let limit = websocket.settings.sockjs_sessions;
    let sockjs = SockJs {
        websocket: Arc::clone(&websocket),
        sessions: HttpSessions::new(limit),
    };
    let receive =
        |format| move |state, path, request| receive::receive(format, state, path, request);
    let framed = Router::new()
        .route(PATH, get(info::greet))
        .route(&path("/"), get(info::greet))
        .route(
            &path("/info"),
            get(info::info)
                .options(|headers: HeaderMap| async move { preflight("OPTIONS, GET", &headers) }),
        )
        .route(&in_session("websocket"), get(socket::open))
        .route(
            &in_session("eventsource"),
            get(receive(AnswerFormat::EventSource)),
        )
        .route(
            &in_session("xhr"),
            post(receive(AnswerFormat::Polling)).options(preflight_post),
        )
        .route(
            &in_session("xhr_streaming"),
            post(receive(AnswerFormat::Streaming)).options(preflight_post),
        )
        .route(
            &in_session("xhr_send"),
            post(send::send).options(preflight_post),
        )
        .with_state(sockjs);
    let raw = Router::new()
        .route(&path("/websocket"), get(open))
        .with_state(Arc::clone(&websocket));
    framed
        .merge(raw)
        .method_not_allowed_fallback(method_not_allowed)
        .route_layer(middleware::from_fn_with_state(websocket, check_origin))
}

fn path(rest: &str) -> String {
    format!("{PATH}{rest}")
}

fn in_session(transport: &str) -> String {
    path(&format!("/{{server}}/{{session}}/{transport}"))
}

/// Pages of other origins are refused before anything else; the others may read the answer (origins, decision 25).
async fn check_origin(
    State(websocket): State<Arc<Websocket>>,
    request: Request,
    next: Next,
) -> Response {
    if let Err(error) = admit_page(&websocket, &request) {
        return error.into_response();
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
    response
}

async fn preflight_post(headers: HeaderMap) -> Response {
    preflight("OPTIONS, POST", &headers)
}

/// What a browser asks before it lets a page of another origin call.
fn preflight(methods: &'static str, asked: &HeaderMap) -> Response {
    let mut response = http::StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, CACHED_FOR_A_YEAR);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static(methods),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("31536000"),
    );
    if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    response
}

/// The two parts of a session's address, as the path has them.
type Segments = Result<Path<(String, String)>, axum::extract::rejection::PathRejection>;

/// The session that an address names. The server part is for balancers, and names nothing here.
fn session_of(segments: Segments) -> Result<String, ApiError> {
    let fits =
        |segment: &str| (1..=MAX_SEGMENT).contains(&segment.len()) && !segment.contains(['.', '/']);
    match segments {
        Ok(Path((server, session))) if fits(&server) && fits(&session) => Ok(session),
        _ => Err(no_such_session()),
    }
}

fn no_such_session() -> ApiError {
    ApiError::new(Kind::NotFound, "There is no such session.")
}
