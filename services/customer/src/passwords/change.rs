//! `POST /changePass`: another password for whoever knows the current one. Their other sessions end.

use std::{borrow::Cow, sync::Arc};

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, Failure, Kind, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, NotFound, Nothing, Refusal, TooMany},
};
use colloquy_credentials::identity::Caller;
use colloquy_sql::StoreError;
use serde::Deserialize;
use utoipa::ToSchema;

use super::replacing::ReplaceError;
use crate::{
    Customers,
    accounts::nobody,
    customer_store::{Customer, PasswordChange},
    domain::{Budget, PasswordError},
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

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangePasswordError {
    /// There is no current password in the request.
    #[error("no current password")]
    Missing,
    /// The new password is the current one.
    #[error("new password equal to the current one")]
    Equal,
    /// The new password is refused.
    #[error(transparent)]
    Rule(#[from] PasswordError),
    /// The current password is another.
    #[error("wrong current password")]
    Wrong,
    /// A password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was not replaced.
    #[error(transparent)]
    Replace(#[from] ReplaceError),
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
    let (customer, hash) = found.ok_or_else(nobody)?;
    check(&customers, &customer, &request)?;
    // Taken before the password is compared, so that many guesses at once are counted too.
    let guesses = Budget::guesses_of(caller.customer_id);
    customers.spend(&guesses).await?;
    change(&customers, &caller, request, hash, &guesses).await?;
    Ok(Answer("Password changed.", ()))
}

fn check(
    customers: &Customers,
    customer: &Customer,
    request: &ChangePassword,
) -> Result<(), ChangePasswordError> {
    if request.current_password.is_empty() {
        return Err(ChangePasswordError::Missing);
    }
    if request.new_password == request.current_password {
        return Err(ChangePasswordError::Equal);
    }
    let rule = customers.settings.passwords;
    Ok(rule.check(&request.new_password, customer.words())?)
}

async fn change(
    customers: &Customers,
    caller: &Caller,
    request: ChangePassword,
    hash: PasswordHash,
    guesses: &Budget,
) -> Result<(), ChangePasswordError> {
    let verified = verify(customers, &request, &hash).await;
    if !matches!(verified, Err(ChangePasswordError::Wrong)) {
        customers.store.give_back(guesses).await?;
    }
    verified?;
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
        verify(customers, &request, &hash).await?;
        change.verified = Some(hash);
    }
    Ok(())
}

async fn verify(
    customers: &Customers,
    request: &ChangePassword,
    hash: &PasswordHash,
) -> Result<(), ChangePasswordError> {
    let current = request.current_password.clone();
    let comparison = customers
        .hashing
        .compare(current, Some(hash.clone()))
        .await?;
    match comparison {
        Comparison::Different => Err(ChangePasswordError::Wrong),
        Comparison::Same | Comparison::Outdated => Ok(()),
    }
}

impl Failure for ChangePasswordError {
    fn kind(&self) -> Kind {
        match self {
            Self::Missing | Self::Equal => Kind::Invalid,
            Self::Wrong => Kind::Unauthenticated,
            Self::Rule(error) => error.kind(),
            Self::Hashing(error) => error.kind(),
            Self::Store(error) => error.kind(),
            Self::Replace(error) => error.kind(),
        }
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Missing => "The current password is missing.".into(),
            Self::Equal => "The new password is the same as the current one.".into(),
            Self::Wrong => "The current password is wrong.".into(),
            Self::Rule(error) => error.message(),
            Self::Hashing(error) => error.message(),
            Self::Store(error) => error.message(),
            Self::Replace(error) => error.message(),
        }
    }
}
