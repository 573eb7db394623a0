//! `POST /forgetPass/reset`: a new password for whoever confirmed a code. Public; every session of theirs ends.

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use colloquy_chassis::{
    Answer, ApiError, ClientAddress, Failure, Kind, answer::chain, extract::Body,
};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, Nothing},
};
use colloquy_credentials::cookies::cookies;
use colloquy_expiring_store::ExpiringStoreError;
use colloquy_service_api::session_ending::ResetByMail;
use colloquy_sql::StoreError;
use http::{HeaderMap, header};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    confirmations::{Client, Proof},
    replacing::ReplaceError,
    reset_ticket::{COOKIE, ResetTicket, cleared_cookie},
};
use crate::{
    Customers,
    customer_store::{Customer, PasswordChange},
    domain::{BrokenRule, Email, PasswordError},
    fields,
    hashing::HashingError,
    password::{Password, PasswordHash},
};

/// The body.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(description = "A new password and the ticket that allows it.")]
pub(crate) struct Reset {
    #[schema(schema_with = fields::email)]
    email: String,
    #[schema(schema_with = fields::new_password)]
    new_password: Password,
    /// The ticket of the confirmation, unless the cookie carries it.
    #[schema(value_type = Option<String>)]
    reset_ticket: Option<ResetTicket>,
}

/// Why a password was not reset.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResetError {
    /// It is no mail address.
    #[error(transparent)]
    Email(#[from] BrokenRule),
    /// Nobody confirmed for this address, or somebody else, or too long ago, or it was used: nobody is told which.
    #[error("no confirmation of whoever asks")]
    NotConfirmed,
    /// The password is refused.
    #[error(transparent)]
    Rule(#[from] PasswordError),
    /// Whether somebody confirmed could not be told.
    #[error(transparent)]
    Confirmations(#[from] ExpiringStoreError),
    /// Whose address it is could not be told.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// It was not replaced.
    #[error(transparent)]
    Replace(#[from] ReplaceError),
}

/// Choose a new password after a confirmation
#[utoipa::path(
    post,
    path = "/forgetPass/reset",
    operation_id = "resetPassword",
    params(("reset_ticket" = Option<String>, Cookie, description = "The ticket, if the body has none.")),
    request_body = Reset,
    responses(
        (status = 200, description = "Changed; every session of the account has ended.", body = Envelope<Nothing>,
            headers(("Set-Cookie" = String, description = "Clears `reset_ticket`."))),
        BadBody,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    address: ClientAddress,
    headers: HeaderMap,
    Body(request): Body<Reset>,
) -> Result<Response, ApiError> {
    let tickets: Vec<_> = match request.reset_ticket.clone() {
        Some(ticket) => vec![ticket],
        None => cookies(&headers, COOKIE)
            .filter_map(ResetTicket::from_cookie)
            .collect(),
    };
    let proof = if tickets.is_empty() {
        let client = Client::of(address, &headers).map(Proof::Client);
        client.filter(|_| customers.settings.reset_without_ticket)
    } else {
        Some(Proof::Tickets(tickets))
    };
    let email = Email::parse(&request.email)?;
    reset(&customers, &email, request.new_password, proof, address).await?;
    let cookie = cleared_cookie(customers.settings.secure_cookie);
    let answer = Answer("Password changed. Please log in.", ());
    Ok(([(header::SET_COOKIE, cookie)], answer).into_response())
}

async fn reset(
    customers: &Customers,
    email: &Email,
    password: Password,
    proof: Option<Proof>,
    client: ClientAddress,
) -> Result<(), ResetError> {
    let confirmation = customers.confirmations.find(email).await?;
    let confirmation = confirmation
        .filter(|confirmation| proof.is_some_and(|proof| confirmation.fits(&proof)))
        .ok_or(ResetError::NotConfirmed)?;
    let customer = customers.store.by_email(email).await?;
    let customer = customer.ok_or(ResetError::NotConfirmed)?;
    let rule = customers.settings.passwords;
    rule.check(&password, customer.words())?;
    // Hashing takes long, and whoever asks may be gone by then: the confirmation is taken afterwards.
    let new = customers.hashing.hash(password).await?;
    if !customers.confirmations.take(email, &confirmation).await? {
        return Err(ResetError::NotConfirmed);
    }
    let outcome = replace(customers, customer, new, client).await;
    if let Err(error) = &outcome
        && !error.is_replaced()
        && let Err(error) = customers.confirmations.put_back(email, confirmation).await
    {
        tracing::warn!(error = %chain(&error), "a confirmation was lost with a reset that failed");
    }
    outcome
}

async fn replace(
    customers: &Customers,
    customer: Customer,
    new: PasswordHash,
    client: ClientAddress,
) -> Result<(), ResetError> {
    let change = PasswordChange {
        customer_id: customer.customer_id,
        verified: None,
        new,
        except: None,
        reset: Some(ResetByMail {
            username: customer.username,
            client: client.known(),
        }),
    };
    let replaced = customers.replace_password(&change).await?;
    replaced.then_some(()).ok_or(ResetError::NotConfirmed)
}

impl ResetError {
    fn is_replaced(&self) -> bool {
        matches!(self, Self::Replace(error) if error.is_replaced())
    }

    fn beneath(&self) -> Option<&dyn Failure> {
        Some(match self {
            Self::NotConfirmed => return None,
            Self::Email(error) => error,
            Self::Rule(error) => error,
            Self::Confirmations(error) => error,
            Self::Store(error) => error,
            Self::Hashing(error) => error,
            Self::Replace(error) => error,
        })
    }
}

impl Failure for ResetError {
    fn kind(&self) -> Kind {
        self.beneath().map_or(Kind::Invalid, Failure::kind)
    }

    fn message(&self) -> Cow<'static, str> {
        self.beneath().map_or(
            "Please confirm a code first; a confirmation can be used once, within ten minutes."
                .into(),
            Failure::message,
        )
    }
}

#[cfg(test)]
mod tests;
