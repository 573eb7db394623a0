//! `GET /info/phoneNumber/{phoneNumber}`: whose number contains these digits (decision 29). Others see the last three of a
//! number; few digits and many searches would tell the rest.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, answer::chain, extract::PathIds};
use colloquy_contracts::{
    CustomerId, Envelope,
    openapi::{Invalid, TooMany},
};
use colloquy_credentials::identity::Caller;

use super::{seen::Seen, too_many_searches};
use crate::{
    Customers,
    customer_store::Customer,
    domain::{Budget, PhoneSearch},
};

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
    let found = find(&customers, &caller, &search).await?;
    let seen = found.into_iter().map(|found| Seen::by(&caller, found));
    Ok(Answer("Customers found.", seen.collect()))
}

async fn find(
    customers: &Customers,
    caller: &Caller,
    search: &PhoneSearch,
) -> Result<Vec<Customer>, ApiError> {
    let is_short = !search.of_acquaintances().is_empty();
    if !is_short && search.of_strangers().is_empty() {
        return Ok(Vec::new());
    }
    let per_day = customers.settings.phone_searches_per_day;
    let budget = Budget::phone_searches_of(caller.customer_id, per_day);
    customers.spend(&budget).await?;
    let acquaintances = if is_short {
        acquaintances_of(customers, caller.customer_id).await
    } else {
        Vec::new()
    };
    let searching = customers.store.search_phone_numbers(search, &acquaintances);
    Ok(searching.await?)
}

/// The caller and the people whom the caller shares a room with. While that cannot be looked up, the caller shares none.
async fn acquaintances_of(customers: &Customers, caller: CustomerId) -> Vec<CustomerId> {
    let mut acquaintances = vec![caller];
    match customers.rooms.rooms_of(caller).await {
        Ok(rooms) => {
            let members = rooms.into_iter().flat_map(|room| room.participant_ids);
            acquaintances.extend(members);
        }
        Err(error) => {
            tracing::warn!(error = %chain(&error), "short parts of numbers find no customer for now");
        }
    }
    acquaintances
}
