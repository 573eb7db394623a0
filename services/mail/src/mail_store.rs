//! The port: the queue of mails that wait to be sent.
//!
//! When a mail is due again, and how long a claim lasts, is told as a span, not as an instant: each store measures it by
//! a clock that no instance's wall clock disturbs (fault F28). Every method is one whole transaction.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod postgres;
mod row;
pub mod sealed;
pub mod sqlite;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_sql::{StoreError, sweeping::KeptReadings};
use uuid::Uuid;

/// A mail in the queue.
#[derive(Clone, PartialEq, Eq)]
pub struct QueuedMail {
    /// Its name, in the queue, in logs, and as its `Message-ID`.
    pub id: Uuid,
    /// One address, as it was given.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// From then on it is not sent any more.
    pub expires_at: Timestamp,
}

/// The right to send a mail, for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What to send.
    pub mail: QueuedMail,
    /// How often it was claimed, this claim included.
    pub tries: u32,
}

impl fmt::Debug for QueuedMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueuedMail({})", self.id)
    }
}

/// Where mails wait.
#[async_trait]
pub trait MailStore: Send + Sync + 'static {
    /// Keeps a mail; it is due at once.
    ///
    /// # Errors
    /// The store could not do it; nothing was recorded.
    async fn enqueue(&self, mail: &QueuedMail) -> Result<(), StoreError>;

    /// The mail that has been due for longest and has not expired by now, which then is the caller's alone for as long
    /// as the `lease`. After that it is due again, so that the mail of a process that crashed goes on. No mail waits
    /// longer than twice the lease, whatever a clock said when it was put back.
    ///
    /// # Errors
    /// The store could not do it; nothing was claimed.
    async fn claim(&self, lease: Duration, now: Timestamp) -> Result<Option<Claim>, StoreError>;

    /// The mail is due again after `wait`. Does nothing when the claim has run out and somebody else has claimed it.
    ///
    /// # Errors
    /// The store could not do it; the mail is due when the claim runs out.
    async fn put_back(&self, claim: &Claim, wait: Duration) -> Result<(), StoreError>;

    /// The mail is done with, and its text is kept no longer. Twice does no harm.
    ///
    /// # Errors
    /// The store could not do it; the mail is due when the claim runs out.
    async fn remove(&self, id: Uuid) -> Result<(), StoreError>;

    /// The readings of the clock that are kept beside the mails.
    fn readings(&self) -> Arc<dyn KeptReadings>;

    /// Removes every mail that had expired by then, and answers how many these were.
    ///
    /// # Errors
    /// The store could not do it; nothing was removed.
    async fn drop_expired(&self, over_age: Timestamp) -> Result<u64, StoreError>;
}
