//! The service itself: the routes call it, and in process customer management does.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use colloquy_chassis::{Clock, Failure as _, ServiceName};
use colloquy_contracts::Timestamp;
use colloquy_credentials::{keys::SealKey, seal::Seal};
use colloquy_expiring_store::ExpiringStore;
use colloquy_service_api::{
    CallError, OneTimeCodes,
    one_time_codes::{Asking, IssuedCode, Typed},
};

use crate::{
    Randomness,
    address::Address,
    code_store::{CodeStore, CodeStoreError},
};

/// One-time codes. In process it answers as [`OneTimeCodes`]; over HTTP through [`crate::router`].
pub struct Otp {
    pub(crate) codes: CodeStore,
    clock: Arc<dyn Clock>,
}

impl Otp {
    /// The service: draws codes from `randomness` and stores them in `store`, sealed with `key`. The clock only serves to
    /// name the end of a code to callers; the store decides.
    #[must_use]
    pub fn new(
        store: Arc<dyn ExpiringStore>,
        key: &SealKey,
        randomness: Arc<dyn Randomness>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let codes = CodeStore {
            store,
            seal: Seal::new(key),
            randomness,
        };
        Arc::new(Self { codes, clock })
    }

    /// The end of a time that the store counts from now.
    pub(crate) fn end_of(&self, remaining: Duration) -> Timestamp {
        let remaining = i64::try_from(remaining.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(self.clock.now().millis().saturating_add(remaining))
    }
}

#[async_trait]
impl OneTimeCodes for Otp {
    async fn generate(&self, email: &str, asking: &Asking) -> Result<IssuedCode, CallError> {
        let address = address(email)?;
        let issuing = self.live_or_new(&address, asking);
        issuing.await.map_err(unavailable)
    }

    async fn resend(&self, email: &str, asking: &Asking) -> Result<IssuedCode, CallError> {
        let address = address(email)?;
        let issuing = self.always_new(&address, asking);
        issuing.await.map_err(unavailable)
    }

    async fn validate(&self, email: &str, typed: &Typed) -> Result<bool, CallError> {
        let address = address(email)?;
        self.use_up(&address, typed).await.map_err(unavailable)
    }
}

/// The refusal is the one that a client of the HTTP form would make of the answer.
fn address(email: &str) -> Result<Address, CallError> {
    Address::parse(email)
        .map_err(|error| CallError::Refused(ServiceName::Otp, error.kind().status()))
}

fn unavailable(cause: CodeStoreError) -> CallError {
    CallError::Unavailable(ServiceName::Otp, Some(Box::new(cause)))
}
