//! `POST /info`: change one's own profile. What is left out is cleared or refused, never kept (decision 31).

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, NotFound, TooMany},
};
use colloquy_credentials::identity::Caller;
use serde::Deserialize;
use utoipa::ToSchema;

use super::profile_view::OwnProfile;
use crate::{
    Customers,
    customer_store::Profile,
    customers::no_such_customer,
    domain::{AvatarColor, BrokenRule, Email, FullName, PhoneNumber, rate_limits},
    fields,
};

/// The body.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(description = "A profile. A phone number that is left out is cleared.")]
pub(crate) struct ChangeOwn {
    #[schema(schema_with = fields::full_name)]
    full_name: String,
    #[schema(schema_with = fields::email)]
    email: String,
    #[schema(schema_with = fields::phone_number, required = false)]
    phone_number: Option<String>,
    #[schema(schema_with = fields::avatar_color)]
    avatar_color: String,
}

/// Change one's own profile
#[utoipa::path(
    post,
    path = "/info",
    operation_id = "changeOwnAccount",
    request_body = ChangeOwn,
    responses(
        (status = 200, description = "The profile as it is now.", body = Envelope<OwnProfile>),
        BadBody,
        NotFound,
        TooMany,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    caller: Caller,
    Body(request): Body<ChangeOwn>,
) -> Result<Answer<OwnProfile>, ApiError> {
    let id = caller.customer_id;
    let now = customers.existing(id).await?;
    let profile = parse(request, &now.email)?;
    // The answer says what is taken, so it is not to be asked often.
    if now.email != profile.email || now.phone_number != profile.phone_number {
        customers.try_acquire(rate_limits::changes_of(id)).await?;
    }
    let changed = customers.store.update(id, &profile).await?;
    let changed = changed.ok_or_else(no_such_customer)?;
    Ok(Answer("Profile changed.", changed.into()))
}

/// The address that the account has already may stay, though a newer rule would refuse it.
fn parse(request: ChangeOwn, own_email: &str) -> Result<Profile, BrokenRule> {
    Ok(Profile {
        full_name: FullName::parse(&request.full_name)?.into_string(),
        email: if request.email == own_email {
            request.email
        } else {
            Email::parse(&request.email)?.into_string()
        },
        phone_number: PhoneNumber::parse(request.phone_number.as_deref())?
            .map(PhoneNumber::into_string),
        avatar_color: AvatarColor::parse(request.avatar_color)?.into_string(),
    })
}
