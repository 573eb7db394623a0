//! `POST /internal/generate/email`: the live code of an address, so that it can be mailed again, or a new one.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, Forbidden},
};
use colloquy_service_api::one_time_codes::{Asking, CodeRequest, GENERATE_PATH, IssuedCode};

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
    let address = Address::parse(&request.email)?;
    let issued = otp.live_or_new(&address, &request.asking).await?;
    Ok(Answer("A code is there.", issued))
}

impl Otp {
    /// Of many at once all answer one code: whoever does not add theirs finds the one that was added.
    pub(crate) async fn live_or_new(
        &self,
        address: &Address,
        asking: &Asking,
    ) -> Result<IssuedCode, OtpError> {
        // Goes round again only after somebody else's code came, or what does not work went.
        loop {
            if let Some(found) = self.codes.find(address).await? {
                if let Some(issued) = self.reuse(address, &found, asking).await? {
                    return Ok(issued);
                }
                self.codes.remove(address, &found).await?;
            }
            if let Some(new) = self.codes.add(address).await? {
                self.codes.note_asker(address, &new, asking).await?;
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
            already_issued: false,
            shared: false,
        }
    }

    /// The code, if it opens and the requester has tries left. Without tries the requester needs another one; but a code
    /// that others asked for as well stays, so that no requester ends another's, and its new mail brings new tries.
    async fn reuse(
        &self,
        address: &Address,
        found: &Found,
        asking: &Asking,
    ) -> Result<Option<IssuedCode>, OtpError> {
        let Some(kept) = &found.kept else {
            return Ok(None);
        };
        let requester = &asking.requester;
        let has_tries = self.codes.has_tries_left(address, kept, requester).await?;
        let askers = self.codes.askers(address, Some(kept)).await?;
        let shared = askers.include_others(asking);
        if !has_tries {
            if !shared {
                return Ok(None);
            }
            self.codes.renew_tries(address, kept, requester).await?;
        }
        if asking.again || !has_tries {
            self.codes.note_asker(address, kept, asking).await?;
        }
        Ok(Some(IssuedCode {
            otp_code: kept.code.issue(),
            status_message: "Existing code, which still works.".to_owned(),
            expires_at: self.end_of(found.remaining),
            already_issued: has_tries,
            shared,
        }))
    }
}
