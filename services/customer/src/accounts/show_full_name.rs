//! `GET /fullName/customerId/{customerId}`: what somebody is called.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::PathIds};
use colloquy_contracts::{
    CustomerId, Envelope,
    openapi::{Invalid, NotFound},
};
use colloquy_credentials::identity::Caller;

use super::nobody;
use crate::Customers;

/// The full name of a customer
#[utoipa::path(
    get,
    path = "/fullName/customerId/{customerId}",
    operation_id = "showFullName",
    params(("customerId" = CustomerId, Path)),
    responses(
        (status = 200, description = "The full name.", body = Envelope<String>),
        Invalid,
        NotFound,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    _: Caller,
    PathIds(id): PathIds<CustomerId>,
) -> Result<Answer<String>, ApiError> {
    let customer = customers.by_id(id).await?.ok_or_else(nobody)?;
    Ok(Answer("Customer found.", customer.full_name))
}
