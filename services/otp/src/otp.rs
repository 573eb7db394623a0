//! The service itself: what the routes call, and in process whoever needs it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use colloquy_chassis::{Clock, Failure, Kind, ServiceName};
use colloquy_contracts::Timestamp;
use colloquy_credentials::{
    keys::SealKey,
    seal::{CannotSeal, Seal},
};
use colloquy_expiring_store::{ExpiringStore, ExpiringStoreError};
use colloquy_service_api::{
    CallError, OneTimeCodes,
    one_time_codes::{Asking, IssuedCode, Typed},
};

use crate::{Randomness, address::Address, kept_codes::KeptCodes, randomness::CryptoFailure};

/// One-time codes. In process it answers as [`OneTimeCodes`]; over HTTP through [`crate::router`].
pub struct Otp {
    pub(crate) codes: KeptCodes,
    clock: Arc<dyn Clock>,
}

/// Why there is no code, and no yes or no.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OtpError {
    #[error(transparent)]
    Store(#[from] ExpiringStoreError),
    #[error(transparent)]
    Crypto(#[from] CryptoFailure),
    #[error(transparent)]
    Seal(#[from] CannotSeal),
}

impl Failure for OtpError {
    fn kind(&self) -> Kind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Crypto(_) | Self::Seal(_) => Kind::Internal,
        }
    }
}

impl Otp {
    /// The service: draws codes from `randomness` and keeps them in `store`, sealed with `key`. The clock only tells
    /// callers until when a code works; the store decides.
    #[must_use]
    pub fn new(
        store: Arc<dyn ExpiringStore>,
        key: &SealKey,
        randomness: Arc<dyn Randomness>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let codes = KeptCodes {
            store,
            seal: Seal::new(key),
            randomness,
        };
        Arc::new(Self { codes, clock })
    }

    /// The instant when a time that the store counts from now is over.
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

/// Refused in the words that a client of the HTTP form would use.
fn address(email: &str) -> Result<Address, CallError> {
    Address::parse(email)
        .map_err(|error| CallError::Refused(ServiceName::Otp, error.kind().status()))
}

fn unavailable(cause: OtpError) -> CallError {
    CallError::Unavailable(ServiceName::Otp, Some(Box::new(cause)))
}
