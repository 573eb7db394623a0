//! `GET /info/phoneNumber/{phoneNumber}`: whose number contains these digits (decision 29).

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::PathIds, identity::Caller};

use colloquy_contracts::{
    Envelope,
    openapi::{Invalid, TooMany},
};

use super::{seen::Seen, too_many_searches};
use crate::{Customers, domain::PhoneSearch};

/// Find customers by phone number
#[utoipa::path(
    get,
    path = "/info/phoneNumber/{phoneNumber}",
    operation_id = "searchPhoneNumbers",
    params(PhoneSearch),
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
    let search = PhoneSearch::parse(&part)?;
    customers.take_search(&caller).map_err(too_many_searches)?;
    let found = customers.store.search_phone_numbers(&search).await?;
    let seen = found.into_iter().map(|found| Seen::by(&caller, found));
    Ok(Answer("Customers found.", seen.collect()))
}
