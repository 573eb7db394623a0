//! `POST /forgetPass/confirm`: a right code becomes a ticket. Public.

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use colloquy_chassis::{Answer, ApiError, ClientAddress, Failure, Kind, extract::Body};
use colloquy_contracts::{Envelope, openapi::BadBody};
use colloquy_expiring_store::ExpiringStoreError;
use colloquy_service_api::{CallError, one_time_codes::OneTimeCode};
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    confirmations::{CONFIRMED_FOR, Client},
    reset_ticket::ResetTicket,
};
use crate::{
    Customers,
    domain::{BrokenRule, Email},
    fields,
};

/// The body.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(description = "A code that was mailed.")]
pub(crate) struct ConfirmReset {
    #[schema(schema_with = fields::email)]
    email: String,
    /// As typed; right ones have six digits.
    #[schema(value_type = String)]
    otp_code: OneTimeCode,
}

/// What a right code is worth.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Confirmed {
    /// Pays for one new password within ten minutes.
    #[schema(value_type = String)]
    reset_ticket: ResetTicket,
}

/// Why a code was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfirmResetError {
    /// It is no mail address.
    #[error(transparent)]
    Email(#[from] BrokenRule),
    /// Wrong, used up, expired or never sent: nobody is told which, nor whether there is such an account (S05).
    #[error("wrong code")]
    Wrong,
    /// Whether the code is right could not be told.
    #[error(transparent)]
    Unchecked(#[from] CallError),
    /// The confirmation could not be kept.
    #[error(transparent)]
    NotKept(#[from] ExpiringStoreError),
}

/// Confirm a code that was mailed
#[utoipa::path(
    post,
    path = "/forgetPass/confirm",
    operation_id = "confirmReset",
    request_body = ConfirmReset,
    responses(
        (status = 200, description = "The ticket for a new password, also set as a cookie.", body = Envelope<Confirmed>,
            headers(("Set-Cookie" = String, description = "`reset_ticket`: HttpOnly, sent only to paths below /customer/forgetPass."))),
        BadBody,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    address: ClientAddress,
    headers: HeaderMap,
    Body(request): Body<ConfirmReset>,
) -> Result<Response, ApiError> {
    let client = Client::of(address, &headers);
    let ticket = confirm(&customers, request, client.as_ref()).await?;
    let cookie = ticket.cookie(CONFIRMED_FOR.as_secs(), customers.settings.secure_cookie);
    let confirmed = Confirmed {
        reset_ticket: ticket,
    };
    let answer = Answer("Code confirmed. Choose a new password.", confirmed);
    Ok(([(header::SET_COOKIE, cookie)], answer).into_response())
}

async fn confirm(
    customers: &Customers,
    request: ConfirmReset,
    client: Option<&Client>,
) -> Result<ResetTicket, ConfirmResetError> {
    let email = Email::parse(request.email)?;
    let right = customers
        .codes
        .validate(&email.lower(), &request.otp_code)
        .await?;
    if !right {
        return Err(ConfirmResetError::Wrong);
    }
    let ticket = (customers.new_ticket)();
    customers
        .confirmations
        .confirm(&email, &ticket, client)
        .await?;
    Ok(ticket)
}

impl Failure for ConfirmResetError {
    fn kind(&self) -> Kind {
        match self {
            Self::Wrong => Kind::Invalid,
            Self::Email(error) => error.kind(),
            Self::Unchecked(error) => error.kind(),
            Self::NotKept(error) => error.kind(),
        }
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Wrong => "This code is wrong or has expired.".into(),
            Self::Email(error) => error.message(),
            Self::Unchecked(error) => error.message(),
            Self::NotKept(error) => error.message(),
        }
    }
}
