//! The HTTP form.

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};
use colloquy_chassis::{ApiError, Kind, router::finish};
use colloquy_service_api::{
    revocations,
    session_ending::{END_PATH, READY_PATH},
};

use crate::{
    Auth,
    answers::Refused,
    jwks::{self, read_keys},
    login::{self, login},
    logout::{self, logout},
    revocations::read_revocations,
    session_ending::{end_sessions, ready},
};

/// Every route of the service.
pub fn router(auth: Arc<Auth>) -> Router {
    let routes = Router::new()
        .route(
            "/login",
            post(login).fallback(async || another_method(login::FAILED)),
        )
        .route(
            "/logout",
            post(logout).fallback(async || another_method(logout::FAILED)),
        )
        .route(revocations::PATH, get(read_revocations))
        .route(jwks::PATH, get(read_keys))
        .route(END_PATH, post(end_sessions))
        .route(READY_PATH, get(ready));
    finish(routes.with_state(auth))
}

fn another_method(failed: &'static str) -> Refused {
    Refused(
        failed,
        ApiError::new(Kind::MethodNotAllowed, "Another method is needed here."),
    )
}
