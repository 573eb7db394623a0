//! `GET /internal/jwks`: the public session keys, for services that verify tokens and have no key folder.
//!
//! RFC 7517's key set stands in the envelope's `data`, because every answer of a service is the envelope (contract §2).

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::Answer;
use colloquy_contracts::{Envelope, openapi::Forbidden};
use colloquy_credentials::{identity::ServiceCaller, token_keys::Jwks};

use crate::Auth;

pub(crate) const PATH: &str = "/internal/jwks";

/// The public session keys
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "readKeys",
    responses(
        (status = 200, description = "A JSON Web Key Set (RFC 7517).", body = Envelope<serde_json::Value>),
        Forbidden,
    )
)]
pub(crate) async fn read_keys(State(auth): State<Arc<Auth>>, _: ServiceCaller) -> Answer<Jwks> {
    Answer("Keys read.", auth.keys.jwks())
}
