//! `GET /info/customerId/{customerId}`: somebody, as the caller may see them.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::PathIds, identity::Caller};
use colloquy_contracts::CustomerId;

use super::{nobody, seen::Seen};
use crate::Customers;

/// Carries it out.
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    caller: Caller,
    PathIds(id): PathIds<CustomerId>,
) -> Result<Answer<Seen>, ApiError> {
    let customer = customers.by_id(id).await?.ok_or_else(nobody)?;
    Ok(Answer("Customer found.", Seen::by(&caller, customer)))
}
