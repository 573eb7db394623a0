//! `GET /info`: the caller's own account.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, identity::Caller};

use super::{nobody, seen::Own};
use crate::Customers;

/// Carries it out.
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    caller: Caller,
) -> Result<Answer<Own>, ApiError> {
    let found = customers.by_id(caller.customer_id).await?;
    Ok(Answer("Your account.", found.ok_or_else(nobody)?.into()))
}
