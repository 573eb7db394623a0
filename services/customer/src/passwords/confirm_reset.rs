//! `POST /forgetPass/confirm`: a right code becomes a ticket. Public.

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
    openapi::{BadBody, TooMany},
};
use colloquy_service_api::one_time_codes::{OneTimeCode, Typed};
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    confirmations::{CONFIRMED_FOR, Client},
    requester::by_address,
    reset_ticket::ResetTicket,
    typed_code,
};
use crate::{
    Customers,
    domain::{Email, rate_limits},
    fields,
};

/// The body.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(description = "A code that was mailed.")]
pub(crate) struct ConfirmReset {
    #[schema(schema_with = fields::email)]
    email: String,
    /// As typed: six digits, between which white space does not count; full-width digits are digits.
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

/// The code is wrong, used up, expired or was never sent: no answer tells which, nor whether there is such an account
/// (S05).
#[derive(Debug, thiserror::Error)]
#[error("wrong code")]
pub(crate) struct WrongCode;

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
        TooMany,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    address: ClientAddress,
    headers: HeaderMap,
    Body(request): Body<ConfirmReset>,
) -> Result<Response, ApiError> {
    let email = Email::parse(&request.email)?;
    let per_hour = customers.settings.confirms_per_hour;
    let confirms = rate_limits::confirms_from(address, per_hour);
    customers.try_acquire(confirms).await?;
    let ticket = confirm(&customers, &email, request.otp_code, address, &headers).await?;
    let cookie = ticket.cookie(CONFIRMED_FOR.as_secs(), customers.settings.secure_cookie);
    let confirmed = Confirmed {
        reset_ticket: ticket,
    };
    let answer = Answer("Code confirmed. Choose a new password.", confirmed);
    Ok(([(header::SET_COOKIE, cookie)], answer).into_response())
}

async fn confirm(
    customers: &Customers,
    email: &Email,
    code: OneTimeCode,
    address: ClientAddress,
    headers: &HeaderMap,
) -> Result<ResetTicket, ApiError> {
    // What is no code is no try.
    let code = typed_code::read(&code.0).ok_or(WrongCode)?;
    if !is_right(customers, email, code, address, headers).await? {
        return Err(WrongCode.into());
    }
    let ticket = (customers.new_ticket)();
    let client = Client::of(address, headers);
    let confirming = customers
        .confirmations
        .confirm(email, &ticket, client.as_ref());
    confirming.await?;
    Ok(ticket)
}

/// Counts the try as a wrong one before the code is compared, so that of many at once no more than there may be are. When
/// an account had as many as it may have in a day, only requesters whose cookie came with the code go on (decision 38).
async fn is_right(
    customers: &Customers,
    email: &Email,
    code: OneTimeCode,
    client: ClientAddress,
    headers: &HeaderMap,
) -> Result<bool, ApiError> {
    let cookie = customers.requesters.of(headers).await?;
    let (wrong, now) = (rate_limits::wrong_codes_for(email), customers.clock.now());
    let permit = customers.limits.try_acquire(&[wrong], now).await?.permit();
    let only_asker = permit.is_none();
    if only_asker && cookie.is_none() {
        return Ok(false);
    }
    let typed = Typed {
        otp_code: code,
        requester: cookie.map_or_else(|| by_address(client), |cookie| cookie.requester()),
        only_asker,
    };
    let outcome = customers.codes.validate(&email.key(), &typed).await;
    if let Some(permit) = permit.filter(|_| !matches!(outcome, Ok(false)))
        && let Err(error) = customers
            .limits
            .refund(&permit, customers.clock.now())
            .await
    {
        tracing::warn!(error = %chain(&error), "a code that was not wrong counts as a wrong one");
    }
    Ok(outcome?)
}

impl Failure for WrongCode {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn message(&self) -> Cow<'static, str> {
        "This code is wrong or has expired.".into()
    }
}
