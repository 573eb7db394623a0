//! Whether a code may be mailed to a mailbox now (contract §3, decision 38): one mail in 60 s, five an hour, of which two
//! are kept for client addresses that had none in that hour, so that a stranger does not use up the owner's mails.

use std::slice;

use colloquy_chassis::ClientAddress;
use colloquy_contracts::Timestamp;
use colloquy_rate_limit::{Permit, RateLimit, RateLimitStore};
use colloquy_sql::StoreError;

use crate::domain::{Email, rate_limits};

/// One mail, acquired of the limits of its mailbox.
pub(super) struct Allowance {
    /// The latest mail went less than 60 s ago: another one only if the code of that one works no more.
    pub(super) is_early: bool,
    mails: Permit,
    first: Option<Permit>,
    pause: RateLimit,
}

impl Allowance {
    /// `None` if the mailbox has had its mails.
    pub(super) async fn try_acquire(
        limits: &dyn RateLimitStore,
        email: &Email,
        client: ClientAddress,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let acquire = async |limit| -> Result<Option<Permit>, StoreError> {
            Ok(limits.try_acquire(&[limit], now).await?.permit())
        };
        let pause = acquire(rate_limits::pause_between_mails_to(email)).await?;
        // An unknown address is none that had no mail (decision 26).
        let first = match client.known() {
            Some(_) => acquire(rate_limits::first_mail_to(email, client)).await?,
            None => None,
        };
        if let Some(mails) = acquire(rate_limits::mails_to(email, first.is_some())).await? {
            return Ok(Some(Self {
                is_early: pause.is_none(),
                mails,
                first,
                pause: rate_limits::pause_after_mail_to(email),
            }));
        }
        // A refused request must not keep the pause of the mail before it going.
        for permit in first.iter().chain(&pause) {
            limits.refund(permit, now).await?;
        }
        Ok(None)
    }

    /// There was nothing to mail.
    pub(super) async fn refund(
        &self,
        limits: &dyn RateLimitStore,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for permit in self.first.iter().chain([&self.mails]) {
            limits.refund(permit, now).await?;
        }
        Ok(())
    }

    /// There is something to mail although it is early: the pause begins anew.
    pub(super) async fn begin_pause(
        &self,
        limits: &dyn RateLimitStore,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        limits
            .try_acquire(slice::from_ref(&self.pause), now)
            .await?;
        Ok(())
    }
}
