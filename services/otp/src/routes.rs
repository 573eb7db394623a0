//! The HTTP form: questions that customer management asks.

use std::sync::Arc;

use axum::{Router, middleware::from_extractor};
use colloquy_chassis::router::finish;
use colloquy_credentials::identity::ServiceCaller;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Otp, issue_code, validate_code};

/// Every route of the service. The server puts an [`Identity`](colloquy_credentials::identity::Identity) on each
/// request.
pub fn router(otp: Arc<Otp>) -> Router {
    finish(all().with_state(otp).into())
}

/// Every route of [`router`], documented.
#[must_use]
pub fn openapi() -> OpenApi {
    all().into_openapi()
}

fn all() -> OpenApiRouter<Arc<Otp>> {
    OpenApiRouter::new()
        .routes(routes!(issue_code::generate))
        .routes(routes!(issue_code::resend))
        .routes(routes!(validate_code::handle))
        .route_layer(from_extractor::<ServiceCaller>())
}
