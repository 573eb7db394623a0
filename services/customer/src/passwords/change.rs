//! `POST /changePass`: another password for a caller who knows the current one. The caller's other sessions end.

use std::{borrow::Cow, sync::Arc};

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, Failure, Kind, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, NotFound, Nothing, Refusal, TooMany},
};
use colloquy_credentials::identity::Caller;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Customers,
    customer_store::{Customer, PasswordChange},
    customers::no_such_customer,
    domain::rate_limits,
    fields,
    hashing::{Comparison, HashingError},
    password::{Password, PasswordHash},
};

/// The body.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(description = "Another password.")]
pub(crate) struct ChangePassword {
    /// The one that still works.
    #[schema(value_type = String, format = Password, min_length = 1)]
    current_password: Password,
    #[schema(schema_with = fields::new_password)]
    new_password: Password,
}

/// Why a password was not changed; failures of what it needs apart.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangePasswordError {
    /// There is no current password in the request.
    #[error("no current password")]
    Missing,
    /// The new password is the current one.
    #[error("new password equal to the current one")]
    Equal,
    /// The current password is another.
    #[error("wrong current password")]
    Wrong,
}

/// Choose another password
#[utoipa::path(
    post,
    path = "/changePass",
    operation_id = "changePassword",
    request_body = ChangePassword,
    responses(
        (status = 200, description = "Changed; the caller's other sessions have ended.", body = Envelope<Nothing>),
        (status = 401, description = "The caller is not logged in, or the current password is wrong.", body = Refusal),
        BadBody,
        NotFound,
        TooMany,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    caller: Caller,
    Body(request): Body<ChangePassword>,
) -> Result<Answer<()>, ApiError> {
    let found = customers.store.with_password(caller.customer_id).await?;
    let (customer, hash) = found.ok_or_else(no_such_customer)?;
    check(&customers, &customer, &request)?;
    // Taken before the password is compared, so that many guesses at once are counted too.
    let guesses = rate_limits::guesses_of(caller.customer_id);
    let guess = customers.try_acquire(guesses).await?;
    let is_right = is_current(&customers, &request, &hash).await;
    if !matches!(is_right, Ok(false)) {
        let now = customers.clock.now();
        customers.limits.refund(&guess, now).await?;
    }
    if !is_right? {
        return Err(ChangePasswordError::Wrong.into());
    }
    change(&customers, &caller, request, hash).await?;
    Ok(Answer("Password changed.", ()))
}

fn check(
    customers: &Customers,
    customer: &Customer,
    request: &ChangePassword,
) -> Result<(), ApiError> {
    if request.current_password.is_empty() {
        return Err(ChangePasswordError::Missing.into());
    }
    if request.new_password == request.current_password {
        return Err(ChangePasswordError::Equal.into());
    }
    let rule = customers.settings.passwords;
    Ok(rule.check(&request.new_password, customer.words())?)
}

async fn change(
    customers: &Customers,
    caller: &Caller,
    request: ChangePassword,
    hash: PasswordHash,
) -> Result<(), ApiError> {
    let mut change = PasswordChange {
        customer_id: caller.customer_id,
        verified: Some(hash),
        new: customers.hashing.hash(request.new_password.clone()).await?,
        except: Some(caller.session_id),
        reset: None,
    };
    while !customers.replace_password(&change).await? {
        // Another request was faster: does the current password still fit?
        let found = customers.store.with_password(caller.customer_id).await?;
        let (_, hash) = found.ok_or(ChangePasswordError::Wrong)?;
        if !is_current(customers, &request, &hash).await? {
            return Err(ChangePasswordError::Wrong.into());
        }
        change.verified = Some(hash);
    }
    Ok(())
}

async fn is_current(
    customers: &Customers,
    request: &ChangePassword,
    hash: &PasswordHash,
) -> Result<bool, HashingError> {
    let current = request.current_password.clone();
    let comparing = customers.hashing.compare(current, Some(hash.clone()));
    Ok(comparing.await? != Comparison::Different)
}

impl Failure for ChangePasswordError {
    fn kind(&self) -> Kind {
        match self {
            Self::Missing | Self::Equal => Kind::Invalid,
            Self::Wrong => Kind::Unauthenticated,
        }
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Missing => "The current password is missing.".into(),
            Self::Equal => "The new password is the same as the current one.".into(),
            Self::Wrong => "The current password is wrong.".into(),
        }
    }
}
