//! A claimed mail as both databases answer it.

use colloquy_contracts::Timestamp;
use colloquy_sql::StoreError;

use super::{Claim, QueuedMail};

#[derive(sqlx::FromRow)]
pub struct Row {
    id: String,
    recipient: String,
    subject: String,
    body: String,
    expires_at: i64,
    tries: i64,
}

impl Row {
    pub fn into_claim(self) -> Result<Claim, StoreError> {
        let undecodable =
            |error: uuid::Error| StoreError::Defect(sqlx::Error::Decode(Box::new(error)));
        Ok(Claim {
            mail: QueuedMail {
                id: self.id.parse().map_err(undecodable)?,
                to: self.recipient,
                subject: self.subject,
                body: self.body,
                expires_at: Timestamp::from_millis(self.expires_at),
            },
            tries: u32::try_from(self.tries).unwrap_or(u32::MAX),
        })
    }
}
