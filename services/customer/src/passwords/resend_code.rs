//! `POST /forgetPass/resend`: mail me another code. Public; the answer is everybody's (S05).

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

/// Have another code mailed
#[utoipa::path(
    post,
    path = "/forgetPass/resend",
    operation_id = "resendCode",
    request_body = CodeRequest,
    responses(
        (status = 200, description = "The answer is the same whether the address belongs to an account or not. An earlier code stops working.", body = Envelope<Nothing>),
        BadBody,
        TooMany,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    address: ClientAddress,
    Body(request): Body<CodeRequest>,
) -> Result<Answer<()>, ApiError> {
    request_code(&customers, address, request, Wanted::New).await
}
