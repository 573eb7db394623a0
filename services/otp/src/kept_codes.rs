//! The codes in the expiring store: one an address, and beside each the requesters that it was mailed for and the tries of
//! every requester (decision 38).
//!
//! ```text
//! OTP:FORGET_PASS:{email}                  the sealed code    300 s
//! OTP:FORGET_PASS_ASKED:{code}             the requesters that it was mailed for, each with its alias
//! OTP:FORGET_PASS_TRIES:{code}:{requester} how often that requester tried it
//! ```
//!
//! `{code}` is the random id inside the seal, or `NONE:{email}` where there is no code: what is kept there means nothing.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use bytes::Bytes;
use colloquy_credentials::seal::Seal;
use colloquy_expiring_store::ExpiringStore;
use colloquy_service_api::one_time_codes::{Asking, Requester};

use crate::{Randomness, address::Address, otp::OtpError, seal::KeptCode};

/// How long a code works (contract §4).
pub(crate) const LIFETIME: Duration = Duration::from_secs(300);
/// How often a requester may try a code; the last try may be right.
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

/// The requesters that a code was mailed for: the names of each, with spaces between them.
pub(crate) struct Askers(Vec<String>);

impl Askers {
    /// Whether the code was mailed for this requester.
    pub(crate) fn include(&self, requester: &Requester) -> bool {
        self.0.iter().any(|asker| has_name(asker, &requester.0))
    }

    /// Whether the code was mailed for others than this requester, too.
    pub(crate) fn include_others(&self, asking: &Asking) -> bool {
        let is_another = |asker: &String| !asking.names().any(|name| has_name(asker, name));
        self.0.iter().any(is_another)
    }
}

fn has_name(asker: &str, name: &str) -> bool {
    asker.split(' ').any(|one| one == name)
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

    /// Counts a try before anything is compared, and answers the how manieth of this requester it is. The count outlives
    /// the code. Without a code it takes as long (S05).
    pub(crate) async fn count_try(
        &self,
        address: &Address,
        kept: Option<&KeptCode>,
        requester: &Requester,
    ) -> Result<u64, OtpError> {
        let key = tries_key(&code_name(address, kept), requester);
        Ok(self.store.count(&key, LIFETIME).await?)
    }

    /// Whether the code can still be right for this requester.
    pub(crate) async fn has_tries_left(
        &self,
        address: &Address,
        kept: &KeptCode,
        requester: &Requester,
    ) -> Result<bool, OtpError> {
        let key = tries_key(&code_name(address, Some(kept)), requester);
        let Some(count) = self.store.get(&key).await? else {
            return Ok(true);
        };
        let count = std::str::from_utf8(&count.value)
            .ok()
            .and_then(|count| count.parse::<u64>().ok());
        Ok(count.is_some_and(|count| count < TRIES))
    }

    /// Gives a requester all its tries of a code again.
    pub(crate) async fn renew_tries(
        &self,
        address: &Address,
        kept: &KeptCode,
        requester: &Requester,
    ) -> Result<(), OtpError> {
        let key = tries_key(&code_name(address, Some(kept)), requester);
        self.store.delete(&key).await?;
        Ok(())
    }

    /// Notes that a code is mailed because this requester asked.
    pub(crate) async fn note_asker(
        &self,
        address: &Address,
        kept: &KeptCode,
        asking: &Asking,
    ) -> Result<(), OtpError> {
        let names = asking.names().collect::<Vec<_>>().join(" ");
        let key = asked_key(&code_name(address, Some(kept)));
        let join = self.store.join(key.as_str().into(), &names, LIFETIME);
        join.await?;
        Ok(())
    }

    /// The requesters that a code was mailed for. Without a code it takes as long (S05).
    pub(crate) async fn askers(
        &self,
        address: &Address,
        kept: Option<&KeptCode>,
    ) -> Result<Askers, OtpError> {
        let key = asked_key(&code_name(address, kept));
        Ok(Askers(self.store.members(&key).await?))
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

fn code_name(address: &Address, kept: Option<&KeptCode>) -> String {
    let Some(kept) = kept else {
        return format!("NONE:{}", address.text());
    };
    let mut name = String::new();
    for byte in kept.id {
        write!(name, "{byte:02x}").expect("a text takes whatever is written");
    }
    name
}

fn tries_key(code: &str, requester: &Requester) -> String {
    format!("OTP:FORGET_PASS_TRIES:{code}:{}", requester.0)
}

fn asked_key(code: &str) -> String {
    format!("OTP:FORGET_PASS_ASKED:{code}")
}
