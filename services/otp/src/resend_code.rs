//! `POST /internal/resend/email`: a new code in any case; an earlier one stops working.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::Body};
use colloquy_service_api::one_time_codes::{CodeRequest, IssuedCode};

use crate::{Otp, address::Address, otp::OtpError};

pub(crate) async fn handle(
    State(otp): State<Arc<Otp>>,
    Body(request): Body<CodeRequest>,
) -> Result<Answer<IssuedCode>, ApiError> {
    let issued = otp.always_new(&Address::parse(&request.email)?).await?;
    Ok(Answer("A new code is there.", issued))
}

impl Otp {
    pub(crate) async fn always_new(&self, address: &Address) -> Result<IssuedCode, OtpError> {
        let new = self.codes.replace(address).await?;
        Ok(self.issue(&new))
    }
}
