//! What customers do with accounts, one endpoint a file; paths as they are behind the gateway.

pub(crate) mod change_own;
pub(crate) mod create_account;
pub(crate) mod search_names;
pub(crate) mod search_phone_numbers;
mod seen;
pub(crate) mod show_customer;
pub(crate) mod show_full_name;
pub(crate) mod show_own;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};
use colloquy_chassis::{ApiError, Kind};

use crate::{Customers, domain::Spent};

/// The routes of this folder.
pub(crate) fn routes(customers: Arc<Customers>) -> Router {
    Router::new()
        .route("/create/account", post(create_account::handle))
        .route("/info", get(show_own::handle).post(change_own::handle))
        .route("/info/customerId/{customerId}", get(show_customer::handle))
        .route(
            "/info/phoneNumber/{phoneNumber}",
            get(search_phone_numbers::handle),
        )
        .route("/info/fullName/{fullName}", get(search_names::handle))
        .route(
            "/fullName/customerId/{customerId}",
            get(show_full_name::handle),
        )
        .with_state(customers)
}

pub(crate) fn nobody() -> ApiError {
    ApiError::new(Kind::NotFound, "There is no such customer.")
}

fn too_many_searches(spent: Spent) -> ApiError {
    let message = "Too many searches. Please wait a few seconds.";
    ApiError::new(Kind::TooManyRequests, message).with_retry_after(spent.wait_seconds)
}
