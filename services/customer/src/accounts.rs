//! What customers do with accounts; paths as they are behind the gateway.

pub(crate) mod change_own;
pub(crate) mod create_account;
mod profile_view;
pub(crate) mod search;
pub(crate) mod show;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Customers;

/// The routes of this folder.
pub(crate) fn routes() -> OpenApiRouter<Arc<Customers>> {
    OpenApiRouter::new()
        .routes(routes!(create_account::handle))
        .routes(routes!(show::own, change_own::handle))
        .routes(routes!(show::customer))
        .routes(routes!(search::phone_numbers))
        .routes(routes!(search::names))
        .routes(routes!(show::full_name))
}
