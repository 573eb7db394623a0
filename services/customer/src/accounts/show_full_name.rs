//! `GET /fullName/customerId/{customerId}`: what somebody is called.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::PathIds, identity::Caller};
use colloquy_contracts::CustomerId;

use super::nobody;
use crate::Customers;

/// Carries it out, for anybody who is logged in.
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    _: Caller,
    PathIds(id): PathIds<CustomerId>,
) -> Result<Answer<String>, ApiError> {
    let customer = customers.by_id(id).await?.ok_or_else(nobody)?;
    Ok(Answer("Customer found.", customer.full_name))
}
