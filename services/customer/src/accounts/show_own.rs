//! `GET /info`: the caller's own account.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError};
use colloquy_contracts::{Envelope, openapi::NotFound};
use colloquy_credentials::identity::Caller;

use super::{nobody, seen::Own};
use crate::Customers;

/// The caller's own account
#[utoipa::path(
    get,
    path = "/info",
    operation_id = "showOwnAccount",
    responses(
        (status = 200, description = "The account, whole.", body = Envelope<Own>),
        NotFound,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    caller: Caller,
) -> Result<Answer<Own>, ApiError> {
    let found = customers.by_id(caller.customer_id).await?;
    Ok(Answer("Your account.", found.ok_or_else(nobody)?.into()))
}
