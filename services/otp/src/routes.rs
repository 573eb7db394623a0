//! The HTTP form: questions that customer management asks.

use std::sync::Arc;

use axum::{Router, middleware::from_extractor, routing::post};
use colloquy_chassis::{identity::ServiceCaller, router::finish};
use colloquy_service_api::one_time_codes::{GENERATE_PATH, RESEND_PATH, VALIDATE_PATH};

use crate::{Otp, generate_code, resend_code, validate_code};

/// Every route of the service. Whoever serves it puts an [`Identity`](colloquy_chassis::identity::Identity) on each
/// request.
pub fn router(otp: Arc<Otp>) -> Router {
    let internal = Router::new()
        .route(GENERATE_PATH, post(generate_code::handle))
        .route(RESEND_PATH, post(resend_code::handle))
        .route(VALIDATE_PATH, post(validate_code::handle))
        .route_layer(from_extractor::<ServiceCaller>())
        .with_state(otp);
    finish(internal)
}
