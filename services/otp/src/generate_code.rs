//! `POST /internal/generate/email`: the live code of an address, so that it can be mailed again, or a new one.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, Forbidden},
};
use colloquy_service_api::one_time_codes::{CodeRequest, GENERATE_PATH, IssuedCode};

use crate::{
    Otp,
    address::Address,
    kept_codes::{Found, LIFETIME},
    otp::OtpError,
    seal::KeptCode,
};

/// The live code of an address, or a new one
#[utoipa::path(
    post,
    path = GENERATE_PATH,
    operation_id = "generateCode",
    request_body = CodeRequest,
    responses(
        (status = 200, description = "A code that is alive; `statusMessage` begins with `Existing` when it was reused.", body = Envelope<IssuedCode>),
        BadBody,
        Forbidden,
    )
)]
pub(crate) async fn handle(
    State(otp): State<Arc<Otp>>,
    Body(request): Body<CodeRequest>,
) -> Result<Answer<IssuedCode>, ApiError> {
    let issued = otp.live_or_new(&Address::parse(&request.email)?).await?;
    Ok(Answer("A code is there.", issued))
}

impl Otp {
    /// Of many at once all answer one code: whoever does not add theirs finds the one that was added.
    pub(crate) async fn live_or_new(&self, address: &Address) -> Result<IssuedCode, OtpError> {
        // Goes round again only after somebody else's code came, or what does not work went.
        loop {
            if let Some(found) = self.codes.find(address).await? {
                let expires_at = self.end_of(found.remaining);
                if let Some(kept) = self.live(&found).await? {
                    return Ok(IssuedCode {
                        otp_code: kept.code.issue(),
                        status_message: "Existing code, which still works.".to_owned(),
                        expires_at,
                    });
                }
                self.codes.remove(address, &found).await?;
            }
            if let Some(new) = self.codes.add(address).await? {
                return Ok(self.issue(&new));
            }
        }
    }

    /// A code that was put into the store this instant, on its way out.
    pub(crate) fn issue(&self, new: &KeptCode) -> IssuedCode {
        IssuedCode {
            otp_code: new.code.issue(),
            status_message: "New code.".to_owned(),
            expires_at: self.end_of(LIFETIME),
        }
    }

    /// The code, if it opens and has tries left.
    async fn live<'a>(&self, found: &'a Found) -> Result<Option<&'a KeptCode>, OtpError> {
        let Some(kept) = &found.kept else {
            return Ok(None);
        };
        Ok(self.codes.has_tries_left(kept).await?.then_some(kept))
    }
}
