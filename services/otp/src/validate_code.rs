//! `POST /internal/validate/email`: whether a code is right. A right code is used up, and a requester tries it five times.

use std::sync::Arc;

use axum::{Json, extract::State};
use colloquy_chassis::{ApiError, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, Forbidden},
};
use colloquy_service_api::one_time_codes::{CodeTry, Typed, VALIDATE_PATH};

use crate::{
    Otp,
    address::Address,
    code::Code,
    code_store::{CodeName, CodeStoreError, TRIES},
};

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
    let is_right = otp.use_up(&address, &request.typed).await?;
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
        typed: &Typed,
    ) -> Result<bool, CodeStoreError> {
        let Some(code) = Code::parse(typed.otp_code.0.as_bytes()) else {
            return Ok(false);
        };
        let found = self.codes.find(address).await?;
        let stored = found.as_ref().and_then(|found| found.stored.as_ref());
        // Counted first, so that of any number of tries at once no more than `TRIES` are compared.
        let (name, requester) = (CodeName::of(address, stored), &typed.requester);
        let tries = self.codes.count_try(&name, requester).await?;
        let is_let_in = !typed.only_asker || self.codes.askers(&name).await?.include(requester);
        let (Some(found), Some(stored)) = (&found, stored) else {
            return Ok(false);
        };
        if tries > TRIES || !is_let_in {
            return Ok(false);
        }
        if stored.code.is(&code) {
            return self.codes.remove(address, found).await;
        }
        if tries == TRIES {
            tracing::info!("a code was tried too often by one requester");
        }
        Ok(false)
    }
}
