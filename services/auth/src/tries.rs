//! A login tries a password: which budgets that is taken from, and what it is answered when they are used up
//! (decision 30).
//!
//! ```text
//! a device with a success on the account    the device's budget on that account
//! an address with one, in 30 days           the address's budget on that account
//! everybody else                            the account's one budget of strangers
//! whoever has no such device                and the address's budget over all accounts
//! ```
//!
//! Unknown usernames have budgets like all others, so nothing tells them apart (S05).

use std::time::Duration;

use colloquy_chassis::ClientAddress;
use colloquy_contracts::Timestamp;
use colloquy_service_api::session_ending::ResetByMail;
use colloquy_sql::StoreError;
use tokio::time::{Instant, timeout_at};

use crate::{
    Auth, LoginError,
    device::Device,
    digest::Digest,
    guess_limits::{Admission, Outcome},
    guess_store::Charge,
};

/// How long to wait for the outcome of other tries that decides.
const PATIENCE: Duration = Duration::from_secs(2);
/// What other instances settle is seen this soon; what this one settles, at once.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Tries that may wait at once; one more is refused.
pub(crate) const WAITING: usize = 100;

/// A try that was admitted. It counts until it is told how it ended.
pub(crate) struct Try {
    charges: Vec<Charge>,
    /// This address on this account, unless the address is unknown (decision 26).
    place: Option<Digest>,
    admitted_at: Timestamp,
}

impl Auth {
    /// Admits a try on an account.
    ///
    /// # Errors
    /// Too many failed, or the store could not tell: no password is compared.
    pub(crate) async fn begin_try(
        &self,
        account: &Digest,
        address: ClientAddress,
        device: Option<&Device>,
    ) -> Result<Try, LoginError> {
        let network = address.network().to_string();
        let place = place_of(account, address);
        let budget = match (device, &place) {
            (Some(device), _) => Digest::of(&["device", account.as_str(), &device.id]),
            (None, Some(place)) if self.guesses.is_known(place, self.clock.now()).await? => {
                place.clone()
            }
            (None, _) => Digest::of(&["strangers", account.as_str()]),
        };
        let mut charges = vec![Charge {
            budget,
            limit: self.settings.guesses.account,
            account: Some(account.clone()),
        }];
        // Whoever shares an address with an owner must not lock their device out; it has a limit already.
        if device.is_none() {
            charges.push(Charge {
                budget: Digest::of(&["all accounts", &network]),
                limit: self.settings.guesses.address,
                account: None,
            });
        }
        let admitted_at = self.until_decided(&charges).await?;
        Ok(Try {
            charges,
            place,
            admitted_at,
        })
    }

    /// The password was wrong.
    pub(crate) async fn failed(&self, tried: &Try) -> Result<(), StoreError> {
        self.settle(tried, Outcome::Failed).await
    }

    /// Whether the password was right is not known.
    pub(crate) async fn not_compared(&self, tried: &Try) -> Result<(), StoreError> {
        self.settle(tried, Outcome::GivenBack).await
    }

    /// The password was right: the place, if it is known, has a budget of its own from now on.
    pub(crate) async fn succeeded(&self, tried: &Try) -> Result<(), StoreError> {
        self.settle(tried, Outcome::GivenBack).await?;
        match &tried.place {
            Some(place) => self.remember(place).await,
            None => Ok(()),
        }
    }

    /// The account's password was reset by mail: what keeps the account waiting is lifted, and the place of the reset, if
    /// it is known, has a budget of its own from now on.
    pub(crate) async fn owner_returned(&self, reset: &ResetByMail) -> Result<(), StoreError> {
        let account = Digest::of_account(&reset.username);
        self.guesses.lift(&account).await?;
        self.settled.notify_waiters();
        let client = reset.client.map(ClientAddress::Known);
        match client.and_then(|client| place_of(&account, client)) {
            Some(place) => self.remember(&place).await,
            None => Ok(()),
        }
    }

    async fn remember(&self, place: &Digest) -> Result<(), StoreError> {
        let known_for = self.settings.guesses.known_for.as_millis();
        let known_for = i64::try_from(known_for).unwrap_or(i64::MAX);
        let until = self.clock.now().millis().saturating_add(known_for);
        let until = Timestamp::from_millis(until);
        self.guesses.remember(place, until).await
    }

    async fn settle(&self, tried: &Try, outcome: Outcome) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.guesses
            .settle(&tried.charges, tried.admitted_at, outcome, now)
            .await?;
        self.settled.notify_waiters();
        Ok(())
    }

    /// Waits while other tries, which may all be right, take what is left.
    async fn until_decided(&self, charges: &[Charge]) -> Result<Timestamp, LoginError> {
        let by = Instant::now() + PATIENCE;
        let mut place_in_queue = None;
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            let now = self.clock.now();
            match self.guesses.admit(charges, now).await? {
                Admission::Admitted => return Ok(now),
                Admission::Locked(until) => return Err(too_many(until, now)),
                Admission::Undecided if Instant::now() >= by => return Err(too_many(now, now)),
                Admission::Undecided => {}
            }
            if place_in_queue.is_none() {
                let place = self.waiting.try_acquire();
                place_in_queue = Some(place.map_err(|_| too_many(now, now))?);
            }
            let _ = timeout_at((Instant::now() + LOOK_AGAIN).min(by), settled).await;
        }
    }
}

/// A client address on an account, unless the address is unknown (decision 26).
fn place_of(account: &Digest, client: ClientAddress) -> Option<Digest> {
    client.known()?;
    let network = client.network().to_string();
    Some(Digest::of(&["address", account.as_str(), &network]))
}

/// In whole seconds, and one at the least.
fn too_many(until: Timestamp, now: Timestamp) -> LoginError {
    let millis = (until.millis() - now.millis()).max(1).unsigned_abs();
    LoginError::TooManyTries {
        retry_after: u32::try_from(millis.div_ceil(1000)).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_3_retry_after_is_whole_seconds_rounded_up() {
        for (millis, expected) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (900_000, 900)] {
            let error = too_many(Timestamp::from_millis(millis), Timestamp::from_millis(0));
            assert!(
                matches!(error, LoginError::TooManyTries { retry_after } if retry_after == expected),
                "{millis}"
            );
        }
    }
}
