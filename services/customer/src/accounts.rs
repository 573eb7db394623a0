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

use colloquy_chassis::{ApiError, Kind};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Customers, domain::Spent};

/// The routes of this folder.
pub(crate) fn routes() -> OpenApiRouter<Arc<Customers>> {
    OpenApiRouter::new()
        .routes(routes!(create_account::handle))
        .routes(routes!(show_own::handle, change_own::handle))
        .routes(routes!(show_customer::handle))
        .routes(routes!(search_phone_numbers::handle))
        .routes(routes!(search_names::handle))
        .routes(routes!(show_full_name::handle))
}

pub(crate) fn nobody() -> ApiError {
    ApiError::new(Kind::NotFound, "There is no such customer.")
}

fn too_many_searches(spent: Spent) -> ApiError {
    let message = "Too many searches. Please wait a few seconds.";
    ApiError::new(Kind::TooManyRequests, message).with_retry_after(spent.wait_seconds)
}
