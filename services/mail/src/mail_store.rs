//! The port: the queue of mails that wait to be sent.
//!
//! The wait of a mail and the lease of a claim are spans, not instants: each store measures them by a clock that no
//! instance's wall clock disturbs (fault F28). Every method is one whole transaction.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod moved;
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
    /// Names the mail in the queue, in logs, and as its `Message-ID`.
    pub id: Uuid,
    /// The address of the recipient, as the caller gave it.
    pub to: String,
    /// The subject, which is one line.
    pub subject: String,
    /// The text, without markup.
    pub body: String,
    /// From then on the mail is not sent any more.
    pub expires_at: Timestamp,
}

/// The right to send a mail until the lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The mail to send.
    pub mail: QueuedMail,
    /// The number of claims of the mail, this one included.
    pub tries: u32,
}

impl fmt::Debug for QueuedMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueuedMail({})", self.id)
    }
}

/// A durable queue of mails.
#[async_trait]
pub trait MailStore: Send + Sync + 'static {
    /// Stores a mail; it is due at once.
    ///
    /// # Errors
    /// The store failed; nothing was recorded.
    async fn enqueue(&self, mail: &QueuedMail) -> Result<(), StoreError>;

    /// The mail that has been due for longest and has not expired by now, which then is the caller's alone for the time of
    /// the `lease`. After that it is due again, so that the mail of a process that crashed goes on. No mail waits
    /// longer than twice the lease, whatever a clock said when it was put back.
    ///
    /// # Errors
    /// The store failed; nothing was claimed.
    async fn claim(&self, lease: Duration, now: Timestamp) -> Result<Option<Claim>, StoreError>;

    /// The mail is due again after `wait`. Does nothing if the claim has run out and another caller has claimed it.
    ///
    /// # Errors
    /// The store failed; the mail is due when the claim runs out.
    async fn put_back(&self, claim: &Claim, wait: Duration) -> Result<(), StoreError>;

    /// Removes a mail and its text. A second call does nothing.
    ///
    /// # Errors
    /// The store failed; the mail is due when the claim runs out.
    async fn remove(&self, id: Uuid) -> Result<(), StoreError>;

    /// The readings of the clock that the store keeps beside the mails.
    fn readings(&self) -> Arc<dyn KeptReadings>;

    /// Removes every mail that had expired by `over_age`, and answers their number.
    ///
    /// # Errors
    /// The store failed; nothing was removed.
    async fn drop_expired(&self, over_age: Timestamp) -> Result<u64, StoreError>;
}
