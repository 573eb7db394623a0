//! What is done at once when somebody asks for a code: the same for an address of an account and for any other (S05).
//! Only [`CodeMails`](super::code_mails::CodeMails), after the answer, looks whether there is an account.

use axum::response::{IntoResponse as _, Response};
use colloquy_chassis::{Answer, ApiError, ClientAddress};
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
    domain::{Budget, Email},
    fields,
};

/// The body.
#[derive(Deserialize, ToSchema)]
#[schema(description = "Who wants a code.")]
pub(crate) struct CodeRequest {
    #[schema(schema_with = fields::email)]
    email: String,
}

pub(crate) async fn request_code(
    customers: &Customers,
    client: ClientAddress,
    headers: &HeaderMap,
    request: CodeRequest,
    wanted: Wanted,
) -> Result<Response, ApiError> {
    let email = Email::parse(&request.email)?;
    let per_hour = customers.settings.code_requests_per_hour;
    let requests = Budget::code_requests_from(client, per_hour);
    customers.spend(&requests).await?;
    // Where codes are kept has to be there, and a place in the queue: else no client is promised a mail.
    let known = customers.requesters.of(headers).await?;
    let (cookie, asking) = match known {
        Some(cookie) => {
            let requester = cookie.requester();
            (
                cookie,
                Asking {
                    requester,
                    ..Asking::default()
                },
            )
        }
        None => {
            let cookie = RequesterCookie::new((customers.new_ticket)());
            let (requester, alias) = (by_address(client), Some(cookie.requester()));
            (
                cookie,
                Asking {
                    requester,
                    alias,
                    ..Asking::default()
                },
            )
        }
    };
    customers.requesters.note(&cookie).await?;
    customers.confirmations.mark_pending(&email).await?;
    customers.code_mails.reserve()?.take(Request {
        email,
        wanted,
        asking,
        client,
        asked_at: customers.clock.now(),
    });
    let cookie = cookie.header(customers.settings.secure_cookie);
    let answer = Answer(
        "If this address belongs to an account, a code is on its way to it.",
        (),
    );
    Ok(([(header::SET_COOKIE, cookie)], answer).into_response())
}
