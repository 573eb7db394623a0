//! The HTTP form.

use std::sync::Arc;

use axum::Router;
use colloquy_chassis::{ApiError, Kind, router::finish};
use utoipa::openapi::OpenApi;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter},
    routes,
};

use crate::{Auth, answers::Refused, jwks, login, logout, revocations, session_ending};

/// Every route of the service.
pub fn router(auth: Arc<Auth>) -> Router {
    finish(all().with_state(auth).into())
}

/// Every route of [`router`], documented.
#[must_use]
pub fn openapi() -> OpenApi {
    all().into_openapi()
}

fn all() -> OpenApiRouter<Arc<Auth>> {
    OpenApiRouter::new()
        .routes(only(routes!(login::login), login::FAILED))
        .routes(only(routes!(logout::logout), logout::FAILED))
        .routes(routes!(revocations::read_revocations))
        .routes(routes!(jwks::read_keys))
        .routes(routes!(session_ending::end_sessions))
        .routes(routes!(session_ending::ready))
}

/// Other methods are refused in the shape of the auth answers.
fn only(
    (schemas, paths, methods): UtoipaMethodRouter<Arc<Auth>>,
    failed: &'static str,
) -> UtoipaMethodRouter<Arc<Auth>> {
    let methods = methods.fallback(async move || another_method(failed));
    (schemas, paths, methods)
}

fn another_method(failed: &'static str) -> Refused {
    Refused(failed, ApiError::of(Kind::MethodNotAllowed))
}
