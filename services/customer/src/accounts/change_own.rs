//! `POST /info`: change one's own profile. What is left out is cleared or refused, never kept (decision 31).

use std::{borrow::Cow, sync::Arc};

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, Failure, Kind, extract::Body, identity::Caller};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, NotFound},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{nobody, seen::Own};
use crate::{
    Customers,
    customer_store::{Customer, Profile, SaveError},
    domain::{AvatarColor, BrokenRule, Email, FullName, PhoneNumber},
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

/// Why a profile was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeOwnError {
    /// A field is not as it should be.
    #[error(transparent)]
    Field(#[from] BrokenRule),
    /// Something is taken, or the store is down.
    #[error(transparent)]
    Save(#[from] SaveError),
}

/// Change one's own profile
#[utoipa::path(
    post,
    path = "/info",
    operation_id = "changeOwnAccount",
    request_body = ChangeOwn,
    responses(
        (status = 200, description = "The profile as it is now.", body = Envelope<Own>),
        BadBody,
        NotFound,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    caller: Caller,
    Body(request): Body<ChangeOwn>,
) -> Result<Answer<Own>, ApiError> {
    let customer = change(&customers, &caller, request).await?;
    Ok(Answer(
        "Profile changed.",
        customer.ok_or_else(nobody)?.into(),
    ))
}

async fn change(
    customers: &Customers,
    caller: &Caller,
    request: ChangeOwn,
) -> Result<Option<Customer>, ChangeOwnError> {
    let profile = Profile {
        full_name: FullName::parse(&request.full_name)?.into_string(),
        email: Email::parse(request.email)?.into_string(),
        phone_number: PhoneNumber::parse(request.phone_number.as_deref())?
            .map(PhoneNumber::into_string),
        avatar_color: AvatarColor::parse(request.avatar_color)?.into_string(),
    };
    Ok(customers.store.update(caller.customer_id, &profile).await?)
}

impl Failure for ChangeOwnError {
    fn kind(&self) -> Kind {
        match self {
            Self::Field(error) => error.kind(),
            Self::Save(error) => error.kind(),
        }
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Field(error) => error.message(),
            Self::Save(error) => error.message(),
        }
    }
}
