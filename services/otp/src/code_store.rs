//! The codes in the expiring store: one for each address, and beside each the requesters that it was mailed for and the
//! tries of every requester (decision 38).
//!
//! ```text
//! OTP:FORGET_PASS:{email}                  the sealed code    300 s
//! OTP:FORGET_PASS_ASKED:{code}             the requesters that it was mailed for, each with its alias
//! OTP:FORGET_PASS_TRIES:{code}:{requester} the number of that requester's tries
//! ```
//!
//! `{code}` is the random id inside the seal, or `NONE:{email}` where there is no code: that entry means nothing.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use bytes::Bytes;
use colloquy_chassis::{Failure, Kind};
use colloquy_credentials::seal::{CannotSeal, Seal};
use colloquy_expiring_store::{ExpiringStore, ExpiringStoreError};
use colloquy_service_api::one_time_codes::{Asking, Requester};

use crate::{Randomness, address::Address, randomness::CryptoFailure, stored_code::StoredCode};

/// How long a code works (contract §4).
pub(crate) const LIFETIME: Duration = Duration::from_secs(300);
/// The tries that a requester has of a code; the last one may be right.
pub(crate) const TRIES: u64 = 5;

pub(crate) struct CodeStore {
    pub(crate) store: Arc<dyn ExpiringStore>,
    pub(crate) seal: Seal,
    pub(crate) randomness: Arc<dyn Randomness>,
}

/// Why there is no code, and no yes or no.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CodeStoreError {
    #[error(transparent)]
    Store(#[from] ExpiringStoreError),
    #[error(transparent)]
    Crypto(#[from] CryptoFailure),
    #[error(transparent)]
    Seal(#[from] CannotSeal),
}

impl Failure for CodeStoreError {
    fn kind(&self) -> Kind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Crypto(_) | Self::Seal(_) => Kind::Internal,
        }
    }
}

/// What the store held when it was read.
pub(crate) struct Found {
    /// `None` if it does not open: sealed with another key, or tampered with.
    pub(crate) stored: Option<StoredCode>,
    pub(crate) remaining: Duration,
    sealed: Bytes,
}

/// The name under which the tries and the requesters of a code are kept. Where there is no code it is the address', so
/// that a try takes as long (S05).
pub(crate) struct CodeName(String);

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

impl CodeStore {
    pub(crate) async fn find(&self, address: &Address) -> Result<Option<Found>, CodeStoreError> {
        let Some(entry) = self.store.get(&key(address)).await? else {
            return Ok(None);
        };
        let stored = StoredCode::open(&self.seal, address, &entry.value);
        if stored.is_none() {
            tracing::warn!("a stored code does not open with this key and counts as none");
        }
        Ok(Some(Found {
            stored,
            remaining: entry.remaining,
            sealed: entry.value,
        }))
    }

    /// Stores a new code, in the place of any other.
    pub(crate) async fn replace(&self, address: &Address) -> Result<StoredCode, CodeStoreError> {
        let (new, sealed) = self.draw(address)?;
        self.store.put(&key(address), sealed, LIFETIME).await?;
        Ok(new)
    }

    /// Stores a new code if there is none.
    pub(crate) async fn add(
        &self,
        address: &Address,
    ) -> Result<Option<StoredCode>, CodeStoreError> {
        let (new, sealed) = self.draw(address)?;
        let added = self
            .store
            .put_if_absent(&key(address), sealed, LIFETIME)
            .await?;
        Ok(added.then_some(new))
    }

    /// Removes the found code, and answers whether it did: of many calls at once one does, and only while no newer code has
    /// taken its place. Each seal has a nonce of its own, so equal bytes are the same code.
    pub(crate) async fn remove(
        &self,
        address: &Address,
        found: &Found,
    ) -> Result<bool, CodeStoreError> {
        Ok(self.store.take_if(&key(address), &found.sealed).await?)
    }

    /// Counts a try before anything is compared, and answers the number of this requester's tries. The count outlives the
    /// code.
    pub(crate) async fn count_try(
        &self,
        code: &CodeName,
        requester: &Requester,
    ) -> Result<u64, CodeStoreError> {
        let key = code.tries_key(requester);
        Ok(self.store.count(&key, LIFETIME).await?)
    }

    /// Whether the code can still be right for this requester.
    pub(crate) async fn has_tries_left(
        &self,
        code: &CodeName,
        requester: &Requester,
    ) -> Result<bool, CodeStoreError> {
        let Some(count) = self.store.get(&code.tries_key(requester)).await? else {
            return Ok(true);
        };
        let count = std::str::from_utf8(&count.value).map(str::parse::<u64>);
        Ok(matches!(count, Ok(Ok(count)) if count < TRIES))
    }

    /// Gives a requester all its tries of a code again.
    pub(crate) async fn renew_tries(
        &self,
        code: &CodeName,
        requester: &Requester,
    ) -> Result<(), CodeStoreError> {
        self.store.delete(&code.tries_key(requester)).await?;
        Ok(())
    }

    /// Records that a code is mailed because this requester asked.
    pub(crate) async fn record_asker(
        &self,
        code: &CodeName,
        asking: &Asking,
    ) -> Result<(), CodeStoreError> {
        let names = asking.names().collect::<Vec<_>>().join(" ");
        let set = code.askers_key();
        self.store.join((&*set).into(), &names, LIFETIME).await?;
        Ok(())
    }

    /// The requesters that a code was mailed for.
    pub(crate) async fn askers(&self, code: &CodeName) -> Result<Askers, CodeStoreError> {
        Ok(Askers(self.store.members(&code.askers_key()).await?))
    }

    fn draw(&self, address: &Address) -> Result<(StoredCode, Bytes), CodeStoreError> {
        let new = StoredCode::draw(&*self.randomness)?;
        let sealed = new.seal(&self.seal, address)?;
        Ok((new, sealed))
    }
}

fn key(address: &Address) -> String {
    format!("OTP:FORGET_PASS:{}", address.text())
}

impl CodeName {
    pub(crate) fn of(address: &Address, stored: Option<&StoredCode>) -> Self {
        let Some(stored) = stored else {
            return Self(format!("NONE:{}", address.text()));
        };
        let mut name = String::new();
        for byte in stored.id {
            write!(name, "{byte:02x}").expect("a text takes whatever is written");
        }
        Self(name)
    }

    fn tries_key(&self, requester: &Requester) -> String {
        format!("OTP:FORGET_PASS_TRIES:{}:{}", self.0, requester.0)
    }

    fn askers_key(&self) -> String {
        format!("OTP:FORGET_PASS_ASKED:{}", self.0)
    }
}
