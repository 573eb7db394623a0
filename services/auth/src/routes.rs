//! The HTTP form.

use std::sync::Arc;

use axum::{Router, routing::post};
use colloquy_chassis::{ApiError, Kind, router::finish};

use crate::{
    Auth,
    login::{Refused, login},
};

/// Every route of the service.
pub fn router(auth: Arc<Auth>) -> Router {
    let login = post(login).fallback(|| async {
        Refused(ApiError::new(
            Kind::MethodNotAllowed,
            "Another method is needed here.",
        ))
    });
    finish(Router::new().route("/login", login).with_state(auth))
}
