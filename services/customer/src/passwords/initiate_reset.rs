//! `POST /forgetPass/initiate`: mail me a code. Public; the answer is everybody's (S05).

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, ClientAddress, extract::Body};

use super::{
    code_mails::Wanted,
    code_request::{CodeRequest, request_code},
};
use crate::Customers;

/// Carries it out: a code that is still alive is mailed again.
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    address: ClientAddress,
    Body(request): Body<CodeRequest>,
) -> Result<Answer<()>, ApiError> {
    request_code(&customers, address, request, Wanted::LiveOrNew).await
}
