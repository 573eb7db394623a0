//! `GET /info/fullName/{fullName}` and `/info/phoneNumber/{phoneNumber}`: customers whose name or number contains this
//! (decision 29). Others see the last three digits of a number; few digits and many searches would tell the rest.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, answer::chain, extract::PathIds};
use colloquy_contracts::{
    CustomerId, Envelope,
    openapi::{Invalid, TooMany},
};
use colloquy_credentials::identity::Caller;

use super::profile_view::ProfileView;
use crate::{
    Customers,
    customer_store::Customer,
    domain::{NameSearch, PhoneSearch, rate_limits},
};

type Found = Result<Answer<Vec<ProfileView>>, ApiError>;

/// Find customers by name, or one by the whole username
#[utoipa::path(
    get,
    path = "/info/fullName/{fullName}",
    operation_id = "searchNames",
    params(NameSearch),
    responses(
        (status = 200, description = "At most 50, in a stable order.", body = Envelope<Vec<ProfileView>>),
        Invalid,
        TooMany,
    )
)]
pub(crate) async fn names(
    State(customers): State<Arc<Customers>>,
    caller: Caller,
    PathIds(part): PathIds<String>,
) -> Found {
    let search = NameSearch::parse(&part)?;
    customers.take_search(&caller)?;
    let found = customers.store.search_names(&search).await?;
    Ok(answer(found, &caller))
}

/// Find customers by phone number
#[utoipa::path(
    get,
    path = "/info/phoneNumber/{phoneNumber}",
    operation_id = "searchPhoneNumbers",
    params(PhoneSearch),
    responses(
        (status = 200, description = "At most 50, in a stable order.", body = Envelope<Vec<ProfileView>>),
        Invalid,
        TooMany,
    )
)]
pub(crate) async fn phone_numbers(
    State(customers): State<Arc<Customers>>,
    caller: Caller,
    PathIds(part): PathIds<String>,
) -> Found {
    let search = PhoneSearch::parse(&part)?;
    customers.take_search(&caller)?;
    let is_short = !search.of_acquaintances().is_empty();
    if !is_short && search.of_strangers().is_empty() {
        return Ok(answer(Vec::new(), &caller));
    }
    let per_day = customers.settings.phone_searches_per_day;
    let searches = rate_limits::phone_searches_of(caller.customer_id, per_day);
    customers.try_acquire(searches).await?;
    let acquaintances = if is_short {
        acquaintances_of(&customers, caller.customer_id).await
    } else {
        Vec::new()
    };
    let searching = customers
        .store
        .search_phone_numbers(&search, &acquaintances);
    Ok(answer(searching.await?, &caller))
}

fn answer(found: Vec<Customer>, caller: &Caller) -> Answer<Vec<ProfileView>> {
    let views = found.into_iter().map(|it| ProfileView::of(it, caller));
    Answer("Customers found.", views.collect())
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
