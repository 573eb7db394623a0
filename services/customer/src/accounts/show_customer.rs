//! `GET /info/customerId/{customerId}`: somebody, as the caller may see them.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::PathIds};
use colloquy_contracts::{
    CustomerId, Envelope,
    openapi::{Invalid, NotFound},
};
use colloquy_credentials::identity::Caller;

use super::{nobody, seen::Seen};
use crate::Customers;

/// A customer, as the caller may see them
#[utoipa::path(
    get,
    path = "/info/customerId/{customerId}",
    operation_id = "showCustomer",
    params(("customerId" = CustomerId, Path)),
    responses(
        (status = 200, description = "All of it for the customer themselves, a part for others.", body = Envelope<Seen>),
        Invalid,
        NotFound,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    caller: Caller,
    PathIds(id): PathIds<CustomerId>,
) -> Result<Answer<Seen>, ApiError> {
    let customer = customers.by_id(id).await?.ok_or_else(nobody)?;
    Ok(Answer("Customer found.", Seen::by(&caller, customer)))
}
