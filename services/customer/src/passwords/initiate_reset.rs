//! `POST /forgetPass/initiate`: mail me a code. Public; the answer is everybody's (S05).

use std::sync::Arc;

use axum::{extract::State, response::Response};
use colloquy_chassis::{ApiError, ClientAddress, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, Nothing, TooMany},
};
use http::HeaderMap;

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
        (status = 200, description = "The answer is the same whether the address belongs to an account or not. A code that is still alive is mailed again.", body = Envelope<Nothing>,
            headers(("Set-Cookie" = String, description = "`reset_requester`: tells this requester from others for an hour; HttpOnly, sent only to paths below /customer/forgetPass."))),
        BadBody,
        TooMany,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    address: ClientAddress,
    headers: HeaderMap,
    Body(request): Body<CodeRequest>,
) -> Result<Response, ApiError> {
    request_code(&customers, address, &headers, request, Wanted::LiveOrNew).await
}
