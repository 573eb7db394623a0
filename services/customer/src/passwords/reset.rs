//! `POST /forgetPass/reset`: a new password for a client that confirmed a code. Public; every session of the account
//! ends.

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
use colloquy_service_api::session_ending::ResetByMail;
use http::{HeaderMap, header};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    confirmations::{Client, Proof},
    reset_ticket::{COOKIE, ResetTicket, cleared_cookie},
};
use crate::{Customers, customer_store::PasswordChange, domain::Email, fields, password::Password};

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

/// There is no confirmation for this address, or it is another client's, or too old, or it was used: no answer tells
/// which.
#[derive(Debug, thiserror::Error)]
#[error("no confirmation of the caller")]
pub(crate) struct NotConfirmed;

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
) -> Result<(), ApiError> {
    let confirmation = customers.confirmations.find(email).await?;
    let confirmation = confirmation
        .filter(|confirmation| proof.is_some_and(|proof| confirmation.fits(&proof)))
        .ok_or(NotConfirmed)?;
    let customer = customers.store.by_email(email).await?;
    let customer = customer.ok_or(NotConfirmed)?;
    let rule = customers.settings.passwords;
    rule.check(&password, customer.words())?;
    let change = PasswordChange {
        customer_id: customer.customer_id,
        verified: None,
        new: customers.hashing.hash(password).await?,
        except: None,
        reset: Some(ResetByMail {
            username: customer.username,
            client: client.known(),
        }),
    };
    // Hashing takes long, and the client may be gone by then: so the confirmation is taken only now.
    if !customers.confirmations.take(email, &confirmation).await? {
        return Err(NotConfirmed.into());
    }
    let outcome = customers.replace_password(&change).await;
    let is_replaced = match &outcome {
        Ok(is_replaced) => *is_replaced,
        Err(error) => error.is_replaced(),
    };
    if !is_replaced && let Err(error) = customers.confirmations.put_back(email, confirmation).await
    {
        tracing::warn!(error = %chain(&error), "a confirmation was lost with a reset that failed");
    }
    if outcome? {
        Ok(())
    } else {
        Err(NotConfirmed.into())
    }
}

impl Failure for NotConfirmed {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn message(&self) -> Cow<'static, str> {
        "Please confirm a code first; a confirmation can be used once, within ten minutes.".into()
    }
}

#[cfg(test)]
mod tests;
