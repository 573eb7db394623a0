//! The codes in the expiring store: one an address, and beside each the number of its tries.
//!
//! ```text
//! OTP:FORGET_PASS:{email}         the sealed code    300 s
//! OTP:FORGET_PASS_TRIES:{id}      how often it was tried, under the random id inside the seal
//! OTP:FORGET_PASS_NONE:{email}    how often one was tried although there was none; read by nobody
//! ```

use std::{fmt::Write as _, sync::Arc, time::Duration};

use bytes::Bytes;
use colloquy_chassis::seal::Seal;
use colloquy_expiring_store::ExpiringStore;

use crate::{Randomness, address::Address, otp::OtpError, seal::KeptCode};

/// How long a code works (contract §4).
pub(crate) const LIFETIME: Duration = Duration::from_secs(300);
/// How often a code may be tried; the last try may be right.
pub(crate) const TRIES: u64 = 5;

pub(crate) struct KeptCodes {
    pub(crate) store: Arc<dyn ExpiringStore>,
    pub(crate) seal: Seal,
    pub(crate) randomness: Arc<dyn Randomness>,
}

/// What was there when the store was read.
pub(crate) struct Found {
    /// `None` if it does not open: sealed with another key, or tampered with.
    pub(crate) kept: Option<KeptCode>,
    pub(crate) remaining: Duration,
    sealed: Bytes,
}

impl KeptCodes {
    pub(crate) async fn find(&self, address: &Address) -> Result<Option<Found>, OtpError> {
        let Some(held) = self.store.get(&key(address)).await? else {
            return Ok(None);
        };
        let kept = KeptCode::open(&self.seal, address, &held.value);
        if kept.is_none() {
            tracing::warn!("a kept code does not open with this key and counts as none");
        }
        Ok(Some(Found {
            kept,
            remaining: held.remaining,
            sealed: held.value,
        }))
    }

    /// Keeps a new code in the place of whatever was there.
    pub(crate) async fn replace(&self, address: &Address) -> Result<KeptCode, OtpError> {
        let (new, sealed) = self.draw(address)?;
        self.store.put(&key(address), sealed, LIFETIME).await?;
        Ok(new)
    }

    /// Keeps a new code if there is none.
    pub(crate) async fn add(&self, address: &Address) -> Result<Option<KeptCode>, OtpError> {
        let (new, sealed) = self.draw(address)?;
        let added = self
            .store
            .put_if_absent(&key(address), sealed, LIFETIME)
            .await?;
        Ok(added.then_some(new))
    }

    /// Removes what was found, and says whether it did: of many at once, one does, and only while nothing newer has
    /// taken its place. Each seal has a nonce of its own, so equal bytes are the same code.
    pub(crate) async fn remove(&self, address: &Address, found: &Found) -> Result<bool, OtpError> {
        Ok(self.store.take_if(&key(address), &found.sealed).await?)
    }

    /// Counts a try before anything is compared, and answers the how manieth it is. The count outlives the code.
    /// Without a code it takes as long (S05).
    pub(crate) async fn count_try(
        &self,
        address: &Address,
        kept: Option<&KeptCode>,
    ) -> Result<u64, OtpError> {
        let none = || format!("OTP:FORGET_PASS_NONE:{}", address.text());
        let key = kept.map_or_else(none, tries_key);
        Ok(self.store.count(&key, LIFETIME).await?)
    }

    /// Whether the code can still be right.
    pub(crate) async fn has_tries_left(&self, kept: &KeptCode) -> Result<bool, OtpError> {
        let Some(count) = self.store.get(&tries_key(kept)).await? else {
            return Ok(true);
        };
        let count = std::str::from_utf8(&count.value)
            .ok()
            .and_then(|count| count.parse::<u64>().ok());
        Ok(count.is_some_and(|count| count < TRIES))
    }

    fn draw(&self, address: &Address) -> Result<(KeptCode, Bytes), OtpError> {
        let new = KeptCode::draw(&*self.randomness)?;
        let sealed = new.seal(&self.seal, address)?;
        Ok((new, sealed))
    }
}

fn key(address: &Address) -> String {
    format!("OTP:FORGET_PASS:{}", address.text())
}

fn tries_key(kept: &KeptCode) -> String {
    let mut key = "OTP:FORGET_PASS_TRIES:".to_owned();
    for byte in kept.id {
        write!(key, "{byte:02x}").expect("a text takes whatever is written");
    }
    key
}
