//! The HTTP form.

use std::sync::Arc;

use axum::{Router, routing::post};
use colloquy_chassis::router::finish;
use colloquy_service_api::mailer;

use crate::{MailService, send_mail::send_mail};

/// Every route of the service.
pub fn router(service: Arc<MailService>) -> Router {
    finish(
        Router::new()
            .route(mailer::PATH, post(send_mail))
            .with_state(service),
    )
}
