//! `POST /forgetPass/initiate` and `/forgetPass/resend`: mail me a code, or another one. Public.
//!
//! What is done at once is the same for an address of an account and for any other (S05). Only
//! [`CodeMails`](super::code_mails::CodeMails), after the answer, looks whether there is an account.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use colloquy_chassis::{Answer, ApiError, ClientAddress, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, Nothing, TooMany},
};
use colloquy_service_api::one_time_codes::Asking;
use http::{HeaderMap, header};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    code_mails::{Request, Wanted},
    requester::{RequesterCookie, by_address},
};
use crate::{
    Customers,
    domain::{Email, rate_limits},
    fields,
};

/// The body.
#[derive(Deserialize, ToSchema)]
#[schema(description = "Who wants a code.")]
pub(crate) struct CodeRequest {
    #[schema(schema_with = fields::email)]
    email: String,
}

/// Have a code mailed
#[utoipa::path(
    post,
    path = "/forgetPass/initiate",
    operation_id = "initiateReset",
    request_body = CodeRequest,
    responses(
        (status = 200, description = "The answer is the same whether the address belongs to an account or not. A code that is still alive is mailed again.", body = Envelope<Nothing>,
            headers(("Set-Cookie" = String, description = "`reset_requester`: tells this requester from others for an hour; HttpOnly, sent only to paths below /customer/forgetPass."))),
        BadBody,
        TooMany,
    )
)]
pub(crate) async fn initiate(
    State(customers): State<Arc<Customers>>,
    client: ClientAddress,
    headers: HeaderMap,
    Body(request): Body<CodeRequest>,
) -> Result<Response, ApiError> {
    request_code(&customers, client, &headers, request, Wanted::LiveOrNew).await
}

/// Have another code mailed
#[utoipa::path(
    post,
    path = "/forgetPass/resend",
    operation_id = "resendCode",
    request_body = CodeRequest,
    responses(
        (status = 200, description = "The answer is the same whether the address belongs to an account or not. An earlier code stops working, unless another requester asked for it as well: then it is mailed again.", body = Envelope<Nothing>,
            headers(("Set-Cookie" = String, description = "`reset_requester`: tells this requester from others for an hour; HttpOnly, sent only to paths below /customer/forgetPass."))),
        BadBody,
        TooMany,
    )
)]
pub(crate) async fn resend(
    State(customers): State<Arc<Customers>>,
    client: ClientAddress,
    headers: HeaderMap,
    Body(request): Body<CodeRequest>,
) -> Result<Response, ApiError> {
    request_code(&customers, client, &headers, request, Wanted::New).await
}

async fn request_code(
    customers: &Customers,
    client: ClientAddress,
    headers: &HeaderMap,
    request: CodeRequest,
    wanted: Wanted,
) -> Result<Response, ApiError> {
    let email = Email::parse(&request.email)?;
    let per_hour = customers.settings.code_requests_per_hour;
    let requests = rate_limits::code_requests_from(client, per_hour);
    customers.try_acquire(requests).await?;
    // Where codes are kept has to be there, and a place in the queue: else no client is promised a mail.
    let known = customers.requesters.of(headers).await?;
    let is_known = known.is_some();
    let cookie = known.unwrap_or_else(|| RequesterCookie::new((customers.new_ticket)()));
    let by_cookie = cookie.requester();
    let (requester, alias) = if is_known {
        (by_cookie, None)
    } else {
        (by_address(client), Some(by_cookie))
    };
    customers.requesters.note(&cookie).await?;
    customers.confirmations.mark_pending(&email).await?;
    customers.code_mails.reserve()?.send(Request {
        email,
        wanted,
        asking: Asking {
            requester,
            alias,
            ..Asking::default()
        },
        client,
    });
    let cookie = cookie.header(customers.settings.secure_cookie);
    let answer = Answer(
        "If this address belongs to an account, a code is on its way to it.",
        (),
    );
    Ok(([(header::SET_COOKIE, cookie)], answer).into_response())
}
