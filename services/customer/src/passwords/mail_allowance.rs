//! Whether a code may be mailed to a mailbox now (contract §3, decision 38): one mail in 60 s, five an hour, of which two
//! are kept for client addresses that had none in that hour, so that a stranger does not use up the owner's mails.

use colloquy_chassis::ClientAddress;
use colloquy_contracts::Timestamp;
use colloquy_sql::StoreError;

use crate::{
    CustomerStore,
    customer_store::SpendError,
    domain::{Budget, Email},
};

/// One mail, taken out of the budgets of its mailbox.
pub(super) struct Allowance {
    /// The latest mail went less than 60 s ago: another one only if the code of that one works no more.
    pub(super) is_early: bool,
    mails: Budget,
    first: Option<Budget>,
    pause: Budget,
}

impl Allowance {
    /// `None` if the mailbox has had its mails.
    pub(super) async fn take(
        store: &dyn CustomerStore,
        email: &Email,
        client: ClientAddress,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let pause = Budget::pause_between_mails_to(email);
        let is_early = !is_granted(store.spend(&pause, now).await)?;
        let first = Budget::first_mail_to(email, client);
        // An unknown address is none that had no mail (decision 26).
        let is_first = client.known().is_some() && is_granted(store.spend(&first, now).await)?;
        let mails = Budget::mails_to(email, is_first);
        let first = is_first.then_some(first);
        if is_granted(store.spend(&mails, now).await)? {
            return Ok(Some(Self {
                is_early,
                mails,
                first,
                pause: pause.unlimited(),
            }));
        }
        if let Some(first) = first {
            store.give_back(&first).await?;
        }
        // A refused request must not keep the pause of the mail before it going.
        if !is_early {
            store.give_back(&pause).await?;
        }
        Ok(None)
    }

    /// There was nothing to mail.
    pub(super) async fn give_back(&self, store: &dyn CustomerStore) -> Result<(), StoreError> {
        if let Some(first) = &self.first {
            store.give_back(first).await?;
        }
        store.give_back(&self.mails).await
    }

    /// There is something to mail although it is early: the pause begins anew.
    pub(super) async fn begin_pause(
        &self,
        store: &dyn CustomerStore,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        is_granted(store.spend(&self.pause, now).await)?;
        Ok(())
    }
}

fn is_granted(outcome: Result<(), SpendError>) -> Result<bool, StoreError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(SpendError::Spent(_)) => Ok(false),
        Err(SpendError::Store(error)) => Err(error),
    }
}
