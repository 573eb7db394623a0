//! Any queue, with its texts sealed: a reader of the database, or of a copy of it, finds no code that still works
//! (case S06).

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use colloquy_contracts::Timestamp;
use colloquy_credentials::{keys::SealKey, seal::Seal};
use colloquy_sql::{StoreError, sweeping::KeptReadings};
use uuid::Uuid;

use super::{Claim, MailStore, QueuedMail};

/// A queue behind which texts are sealed. Instances that share the queue share the key.
pub struct SealedMailStore {
    store: Arc<dyn MailStore>,
    seal: Seal,
}

impl SealedMailStore {
    /// A queue that stores mails in `store`, and no text that opens without `key`.
    #[must_use]
    pub fn new(store: Arc<dyn MailStore>, key: &SealKey) -> Self {
        let seal = Seal::new(key);
        Self { store, seal }
    }

    fn open(&self, mail: &QueuedMail) -> Option<String> {
        let sealed = STANDARD.decode(&mail.body).ok()?;
        String::from_utf8(self.seal.open(&context(mail), &sealed)?).ok()
    }
}

/// A text that was moved to another mail, to another address or into another time does not open.
fn context(mail: &QueuedMail) -> Vec<u8> {
    format!("{}\n{}\n{}", mail.id, mail.expires_at.millis(), mail.to).into()
}

#[async_trait]
impl MailStore for SealedMailStore {
    async fn enqueue(&self, mail: &QueuedMail) -> Result<(), StoreError> {
        let sealed = self
            .seal
            .seal(&context(mail), mail.body.as_bytes())
            .map_err(|error| StoreError::Defect(sqlx::Error::Encode(Box::new(error))))?;
        let mail = QueuedMail {
            body: STANDARD.encode(sealed),
            ..mail.clone()
        };
        self.store.enqueue(&mail).await
    }

    /// A text that does not open stays in the queue until it expires: an instance with the wrong key loses no mail.
    async fn claim(&self, lease: Duration, now: Timestamp) -> Result<Option<Claim>, StoreError> {
        while let Some(mut claim) = self.store.claim(lease, now).await? {
            if let Some(body) = self.open(&claim.mail) {
                claim.mail.body = body;
                return Ok(Some(claim));
            }
            tracing::error!(mail.id = %claim.mail.id, "a queued mail does not open with keys/mail/seal.key");
        }
        Ok(None)
    }

    async fn put_back(&self, claim: &Claim, wait: Duration) -> Result<(), StoreError> {
        self.store.put_back(claim, wait).await
    }

    async fn remove(&self, id: Uuid) -> Result<(), StoreError> {
        self.store.remove(id).await
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        self.store.readings()
    }

    async fn drop_expired(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        self.store.drop_expired(over_age).await
    }
}
