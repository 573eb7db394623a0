//! The HTTP form.

use std::sync::Arc;

use axum::Router;
use colloquy_chassis::router::finish;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{MailService, send_mail};

/// Every route of the service.
pub fn router(service: Arc<MailService>) -> Router {
    finish(all().with_state(service).into())
}

/// Every route of [`router`], documented.
#[must_use]
pub fn openapi() -> OpenApi {
    all().into_openapi()
}

fn all() -> OpenApiRouter<Arc<MailService>> {
    OpenApiRouter::new().routes(routes!(send_mail::send_mail))
}
