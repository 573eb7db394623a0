//! What is done at once when somebody asks for a code: the same for an address of an account and for any other (S05).
//! Only [`CodeMails`](super::code_mails::CodeMails), after the answer, looks whether there is an account.

use colloquy_chassis::{Answer, ApiError, ClientAddress};
use serde::Deserialize;
use utoipa::ToSchema;

use super::code_mails::Wanted;
use crate::{
    Customers,
    customer_store::SpendError,
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
    ClientAddress(client): ClientAddress,
    request: CodeRequest,
    wanted: Wanted,
) -> Result<Answer<()>, ApiError> {
    let email = Email::parse(request.email)?;
    let per_hour = customers.settings.code_requests_per_hour;
    let requests = Budget::code_requests_from(client, per_hour);
    customers.spend(&requests).await?;
    // Where codes are kept has to be there, and a place in the queue: else nobody is promised a mail.
    customers.confirmations.mark_pending(&email).await?;
    let place = customers.code_mails.reserve()?;
    let mails = Budget::mails_to(&email);
    match customers.store.spend(&mails, customers.clock.now()).await {
        Ok(()) => place.take(email, wanted),
        // The code that was mailed already still works.
        Err(SpendError::Spent(_)) => {}
        Err(SpendError::Store(error)) => return Err(error.into()),
    }
    Ok(Answer(
        "If this address belongs to an account, a code is on its way to it.",
        (),
    ))
}
