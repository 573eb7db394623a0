//! `POST /forgetPass/initiate`: mail me a code. Public; the answer is everybody's (S05).

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, ClientAddress, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, Nothing, TooMany},
};

use super::{
    code_mails::Wanted,
    code_request::{CodeRequest, request_code},
};
use crate::Customers;

/// Have a code mailed
#[utoipa::path(
    post,
    path = "/forgetPass/initiate",
    operation_id = "initiateReset",
    request_body = CodeRequest,
    responses(
        (status = 200, description = "The answer is the same whether the address belongs to an account or not. A code that is still alive is mailed again.", body = Envelope<Nothing>),
        BadBody,
        TooMany,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    address: ClientAddress,
    Body(request): Body<CodeRequest>,
) -> Result<Answer<()>, ApiError> {
    request_code(&customers, address, request, Wanted::LiveOrNew).await
}
