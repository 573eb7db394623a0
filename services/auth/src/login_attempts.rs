//! An attempt to log in: which limits it takes from, and what the client is answered when they are used up (decision 30).
//!
//! ```text
//! a device with a success on the account    the device's limit on that account
//! an address with one, in 30 days           the address's limit on that account
//! every other client                        the account's one limit of strangers
//! a client without such a device            and the address's limit over all accounts
//! ```
//!
//! Unknown usernames have limits like all others, so no answer distinguishes them (S05).

use std::time::Duration;

use colloquy_chassis::ClientAddress;
use colloquy_contracts::Timestamp;
use colloquy_rate_limit::{Decision, Digest, Permit, Policy, RateLimit, wait_seconds};
use colloquy_service_api::session_ending::ResetByMail;
use colloquy_sql::StoreError;
use colloquy_text::username_key;
use tokio::time::{Instant, timeout_at};

use crate::{Auth, LoginError, device::Device};

/// How long an attempt waits for the outcome of others that decides.
const DECISION_TIMEOUT: Duration = Duration::from_secs(2);
/// An outcome that another instance reports is found this soon; one that this instance reports, at once.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Attempts that may wait at once; one more is refused.
pub(crate) const MAX_WAITING: usize = 100;

/// An attempt that was admitted. It counts as a failed one unless its outcome is reported.
pub(crate) struct Attempt {
    permit: Permit,
    /// This address on this account, unless the address is unknown (decision 26).
    place: Option<Digest>,
}

/// The account that a username names, whether there is one or not: of its canonical form, in which customer management
/// compares it (decision 37), so that no spelling opens a limit of its own.
pub(crate) fn account_of(username: &str) -> Digest {
    Digest::of_text(&username_key(username))
}

impl Auth {
    /// Admits an attempt on an account.
    ///
    /// # Errors
    /// Too many failed, or the store could not answer: no password is compared.
    pub(crate) async fn begin_attempt(
        &self,
        account: &Digest,
        address: ClientAddress,
        device: Option<&Device>,
    ) -> Result<Attempt, LoginError> {
        let place = place_of(account, address);
        let key = match (device, &place) {
            (Some(device), _) => Digest::of(&["device", account.as_str(), &device.id]),
            (None, Some(place)) if self.throttle.is_known(place, self.clock.now()).await? => {
                place.clone()
            }
            (None, _) => Digest::of(&["strangers", account.as_str()]),
        };
        let mut limits = vec![RateLimit {
            key,
            policy: Policy::Lockout(self.settings.logins.account),
            owner: Some(account.clone()),
        }];
        // A client that shares an address with an owner must not lock the owner's device out; it has a limit already.
        if device.is_none() {
            let network = address.network().to_string();
            let policy = Policy::Lockout(self.settings.logins.address);
            limits.push(RateLimit::new(&["all accounts", &network], policy));
        }
        let permit = self.until_decided(&limits).await?;
        Ok(Attempt { permit, place })
    }

    /// The password was wrong.
    pub(crate) async fn login_failed(&self, attempt: &Attempt) -> Result<(), StoreError> {
        self.limits.fail(&attempt.permit, self.clock.now()).await?;
        self.settled.notify_waiters();
        Ok(())
    }

    /// Whether the password was right is not known.
    pub(crate) async fn not_compared(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.limits.refund(&attempt.permit, now).await?;
        self.settled.notify_waiters();
        Ok(())
    }

    /// The password was right: the place, if it is known, has a limit of its own from now on.
    pub(crate) async fn login_succeeded(&self, attempt: &Attempt) -> Result<(), StoreError> {
        self.not_compared(attempt).await?;
        self.remember(attempt.place.as_ref()).await
    }

    /// The account's password was reset by mail: what keeps the account waiting is lifted, and the place of the reset, if
    /// it is known, has a limit of its own from now on.
    pub(crate) async fn owner_returned(&self, reset: &ResetByMail) -> Result<(), StoreError> {
        let account = account_of(&reset.username);
        self.limits.reset(&account).await?;
        self.settled.notify_waiters();
        let client = reset.client.map(ClientAddress::Known);
        let place = client.and_then(|client| place_of(&account, client));
        self.remember(place.as_ref()).await
    }

    async fn remember(&self, place: Option<&Digest>) -> Result<(), StoreError> {
        let Some(place) = place else { return Ok(()) };
        let known_for = self.settings.logins.known_for.as_millis();
        let known_for = i64::try_from(known_for).unwrap_or(i64::MAX);
        let until = self.clock.now().millis().saturating_add(known_for);
        let until = Timestamp::from_millis(until);
        self.throttle.remember(place, until).await
    }

    /// Waits while other attempts, which may all be right, take what is left.
    async fn until_decided(&self, limits: &[RateLimit]) -> Result<Permit, LoginError> {
        let by = Instant::now() + DECISION_TIMEOUT;
        let mut waiting = None;
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            let now = self.clock.now();
            match self.limits.try_acquire(limits, now).await? {
                Decision::Acquired(permit) => return Ok(permit),
                Decision::Refused(until) => return Err(too_many(until, now)),
                Decision::Undecided if Instant::now() >= by => return Err(too_many(now, now)),
                Decision::Undecided => {}
            }
            if waiting.is_none() {
                let permit = self.waiting.try_acquire();
                waiting = Some(permit.map_err(|_| too_many(now, now))?);
            }
            let _ = timeout_at((Instant::now() + POLL_INTERVAL).min(by), settled).await;
        }
    }
}

/// A client address on an account, unless the address is unknown (decision 26).
fn place_of(account: &Digest, client: ClientAddress) -> Option<Digest> {
    client.known()?;
    let network = client.network().to_string();
    Some(Digest::of(&["address", account.as_str(), &network]))
}

fn too_many(until: Timestamp, now: Timestamp) -> LoginError {
    let retry_after = wait_seconds(until, now);
    LoginError::TooManyAttempts { retry_after }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b12_the_spelling_of_a_username_opens_no_second_limit() {
        assert_eq!(account_of("User1"), account_of("uSER1"));
        assert_ne!(account_of("user1"), account_of("user2"));
        for spelling in ["ｕｓｅｒ１", " user1 ", "us\u{200b}er1", "𝐮𝐬𝐞𝐫𝟏"] {
            assert_eq!(account_of(spelling), account_of("user1"), "{spelling:?}");
        }
        assert_eq!(account_of("weiß"), account_of("WEISS"));
        let digits = "0a041b9462caa4a31bac3567e0b6e6fd9100787db2ab433d96f6d178cabfce90";
        assert_eq!(account_of("USER1").as_str(), digits);
    }
}
