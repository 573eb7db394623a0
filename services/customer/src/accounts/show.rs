//! `GET /info`, `/info/customerId/{customerId}` and `/fullName/customerId/{customerId}`: one account, as the caller may
//! see it.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::PathIds};
use colloquy_contracts::{
    CustomerId, Envelope,
    openapi::{Invalid, NotFound},
};
use colloquy_credentials::identity::Caller;

use super::profile_view::{OwnProfile, ProfileView};
use crate::Customers;

/// The caller's own account
#[utoipa::path(
    get,
    path = "/info",
    operation_id = "showOwnAccount",
    responses(
        (status = 200, description = "The account, whole.", body = Envelope<OwnProfile>),
        NotFound,
    )
)]
pub(crate) async fn own(
    State(customers): State<Arc<Customers>>,
    caller: Caller,
) -> Result<Answer<OwnProfile>, ApiError> {
    let customer = customers.existing(caller.customer_id).await?;
    Ok(Answer("Your account.", customer.into()))
}

/// A customer, as the caller may see them
#[utoipa::path(
    get,
    path = "/info/customerId/{customerId}",
    operation_id = "showCustomer",
    params(("customerId" = CustomerId, Path)),
    responses(
        (status = 200, description = "All of it for the customer themselves, a part for others.", body = Envelope<ProfileView>),
        Invalid,
        NotFound,
    )
)]
pub(crate) async fn customer(
    State(customers): State<Arc<Customers>>,
    caller: Caller,
    PathIds(id): PathIds<CustomerId>,
) -> Result<Answer<ProfileView>, ApiError> {
    let customer = customers.existing(id).await?;
    Ok(Answer(
        "Customer found.",
        ProfileView::of(customer, &caller),
    ))
}

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
pub(crate) async fn full_name(
    State(customers): State<Arc<Customers>>,
    _: Caller,
    PathIds(id): PathIds<CustomerId>,
) -> Result<Answer<String>, ApiError> {
    let customer = customers.existing(id).await?;
    Ok(Answer("Customer found.", customer.full_name))
}
