//! `GET /info/fullName/{fullName}`: who is called something like this (decision 29).

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::PathIds};
use colloquy_credentials::identity::Caller;

use colloquy_contracts::{
    Envelope,
    openapi::{Invalid, TooMany},
};

use super::{seen::Seen, too_many_searches};
use crate::{Customers, domain::NameSearch};

/// Find customers by name
#[utoipa::path(
    get,
    path = "/info/fullName/{fullName}",
    operation_id = "searchNames",
    params(NameSearch),
    responses(
        (status = 200, description = "At most 50, in a stable order.", body = Envelope<Vec<Seen>>),
        Invalid,
        TooMany,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    caller: Caller,
    PathIds(part): PathIds<String>,
) -> Result<Answer<Vec<Seen>>, ApiError> {
    let search = NameSearch::parse(&part)?;
    customers.take_search(&caller).map_err(too_many_searches)?;
    let found = customers.store.search_names(&search).await?;
    let seen = found.into_iter().map(|found| Seen::by(&caller, found));
    Ok(Answer("Customers found.", seen.collect()))
}
