//! `POST /internal/generate/email` answers the live code of an address, so that it can be mailed again, or a new one;
//! `POST /internal/resend/email` answers a new code in any case.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, Forbidden},
};
use colloquy_service_api::one_time_codes::{
    Asking, CodeRequest, GENERATE_PATH, IssuedCode, RESEND_PATH,
};

use crate::{
    Otp,
    address::Address,
    code_store::{CodeName, CodeStoreError, Found, LIFETIME},
    stored_code::StoredCode,
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
pub(crate) async fn generate(
    State(otp): State<Arc<Otp>>,
    Body(request): Body<CodeRequest>,
) -> Result<Answer<IssuedCode>, ApiError> {
    let address = Address::parse(&request.email)?;
    let issued = otp.live_or_new(&address, &request.asking).await?;
    Ok(Answer("A code is there.", issued))
}

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
pub(crate) async fn resend(
    State(otp): State<Arc<Otp>>,
    Body(request): Body<CodeRequest>,
) -> Result<Answer<IssuedCode>, ApiError> {
    let address = Address::parse(&request.email)?;
    let issued = otp.always_new(&address, &request.asking).await?;
    Ok(Answer("A new code is there.", issued))
}

impl Otp {
    /// Of many requests at once all answer one code: a request that does not add its own finds the one that was added.
    pub(crate) async fn live_or_new(
        &self,
        address: &Address,
        asking: &Asking,
    ) -> Result<IssuedCode, CodeStoreError> {
        // Repeats only after another request added a code, or a code that does not work was removed.
        loop {
            if let Some(found) = self.codes.find(address).await? {
                if let Some(issued) = self.reuse(address, &found, asking).await? {
                    return Ok(issued);
                }
                self.codes.remove(address, &found).await?;
            }
            if let Some(new) = self.codes.add(address).await? {
                return self.issue(address, &new, asking).await;
            }
        }
    }

    pub(crate) async fn always_new(
        &self,
        address: &Address,
        asking: &Asking,
    ) -> Result<IssuedCode, CodeStoreError> {
        let new = self.codes.replace(address).await?;
        self.issue(address, &new, asking).await
    }

    /// The answer for a code that was stored this instant.
    async fn issue(
        &self,
        address: &Address,
        new: &StoredCode,
        asking: &Asking,
    ) -> Result<IssuedCode, CodeStoreError> {
        let name = CodeName::of(address, Some(new));
        self.codes.record_asker(&name, asking).await?;
        Ok(IssuedCode {
            otp_code: new.code.issue(),
            status_message: "New code.".to_owned(),
            expires_at: self.end_of(LIFETIME),
            already_issued: false,
            shared: false,
        })
    }

    /// The found code, if it opens and the requester has tries left. A requester without tries needs another code; but a
    /// code that others asked for as well stays, so that no requester ends another's, and its new mail brings new tries.
    async fn reuse(
        &self,
        address: &Address,
        found: &Found,
        asking: &Asking,
    ) -> Result<Option<IssuedCode>, CodeStoreError> {
        let Some(stored) = &found.stored else {
            return Ok(None);
        };
        let (name, requester) = (CodeName::of(address, Some(stored)), &asking.requester);
        let has_tries = self.codes.has_tries_left(&name, requester).await?;
        let shared = self.codes.askers(&name).await?.include_others(asking);
        if !has_tries {
            if !shared {
                return Ok(None);
            }
            self.codes.renew_tries(&name, requester).await?;
        }
        if asking.again || !has_tries {
            self.codes.record_asker(&name, asking).await?;
        }
        Ok(Some(IssuedCode {
            otp_code: stored.code.issue(),
            status_message: "Existing code, which still works.".to_owned(),
            expires_at: self.end_of(found.remaining),
            already_issued: has_tries,
            shared,
        }))
    }
}
