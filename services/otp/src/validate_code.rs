//! `POST /internal/validate/email`: whether a code is right. A right code is used up, and five wrong tries kill it.

use std::sync::Arc;

use axum::{Json, extract::State};
use colloquy_chassis::{ApiError, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, Forbidden},
};
use colloquy_service_api::one_time_codes::{CodeTry, OneTimeCode, VALIDATE_PATH};

use crate::{Otp, address::Address, code::Code, kept_codes::TRIES, otp::OtpError};

/// Whether a code is right
#[utoipa::path(
    post,
    path = VALIDATE_PATH,
    operation_id = "validateCode",
    request_body = CodeTry,
    responses(
        (status = 200, description = "`success` and `data` say whether it is; a right code is used up.", body = Envelope<bool>),
        BadBody,
        Forbidden,
    )
)]
pub(crate) async fn handle(
    State(otp): State<Arc<Otp>>,
    Body(request): Body<CodeTry>,
) -> Result<Json<Envelope<bool>>, ApiError> {
    let address = Address::parse(&request.email)?;
    let is_right = otp.use_up(&address, &request.otp_code).await?;
    let message = if is_right {
        "The code is right, and used up now."
    } else {
        "The code is wrong, used or expired."
    };
    Ok(Json(Envelope {
        success: is_right,
        message: message.to_owned(),
        data: Some(is_right),
    }))
}

impl Otp {
    pub(crate) async fn use_up(
        &self,
        address: &Address,
        typed: &OneTimeCode,
    ) -> Result<bool, OtpError> {
        let Some(typed) = Code::parse(typed.0.as_bytes()) else {
            return Ok(false);
        };
        let found = self.codes.find(address).await?;
        let kept = found.as_ref().and_then(|found| found.kept.as_ref());
        // Counted first, so that of any number at once no more than these are compared.
        let tries = self.codes.count_try(address, kept).await?;
        let (Some(found), Some(kept)) = (&found, kept) else {
            return Ok(false);
        };
        if tries > TRIES {
            return Ok(false);
        }
        if kept.code.is(&typed) {
            return self.codes.remove(address, found).await;
        }
        if tries == TRIES {
            // It stays where it is: one call more would tell that there was one (S05).
            tracing::info!("a code was tried too often and is dead");
        }
        Ok(false)
    }
}
