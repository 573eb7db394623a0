//! `POST /internal/resend/email`: a new code in any case; an earlier one stops working.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, Forbidden},
};
use colloquy_service_api::one_time_codes::{Asking, CodeRequest, IssuedCode, RESEND_PATH};

use crate::{Otp, address::Address, otp::OtpError};

/// A new code in any case
#[utoipa::path(
    post,
    path = RESEND_PATH,
    operation_id = "resendCode",
    request_body = CodeRequest,
    responses(
        (status = 200, description = "The new code; an earlier one stops working.", body = Envelope<IssuedCode>),
        BadBody,
        Forbidden,
    )
)]
pub(crate) async fn handle(
    State(otp): State<Arc<Otp>>,
    Body(request): Body<CodeRequest>,
) -> Result<Answer<IssuedCode>, ApiError> {
    let address = Address::parse(&request.email)?;
    let issued = otp.always_new(&address, &request.asking).await?;
    Ok(Answer("A new code is there.", issued))
}

impl Otp {
    pub(crate) async fn always_new(
        &self,
        address: &Address,
        asking: &Asking,
    ) -> Result<IssuedCode, OtpError> {
        let new = self.codes.replace(address).await?;
        self.codes.note_asker(address, &new, asking).await?;
        Ok(self.issue(&new))
    }
}
