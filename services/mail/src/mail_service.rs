//! The service itself: the queue of mails, and what sends them.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use colloquy_chassis::{Clock, Failure as _, ServiceName};
use colloquy_credentials::keys::SealKey;
use colloquy_service_api::{CallError, Mailer, mailer::Mail};
use lettre::message::Mailbox;
use tokio::sync::Notify;

use crate::{MailStore, MailTransport, SendMailError, mail_store::sealed::SealedMailStore};

/// What a deployment chooses.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The sender of mails: `Colloquy <no-reply@example.com>`.
    pub from: Mailbox,
    /// The waits of mails that could not be delivered.
    pub retry: Retry,
}

/// Waits between tries: each twice as long as the one before.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// The wait after the first try.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Default for Retry {
    /// From 1 s to 30 s: a mail server that comes back is noticed well within the 300 s that a code lives.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
        }
    }
}

impl Retry {
    /// The wait after this many tries.
    pub(crate) fn wait(&self, tries: u32) -> Duration {
        let doublings = tries.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

/// Mail. In process it answers as [`Mailer`]; over HTTP through [`crate::router`].
pub struct MailService {
    pub(crate) store: Arc<dyn MailStore>,
    pub(crate) transport: Arc<dyn MailTransport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    /// Notified when this process queues a mail.
    pub(crate) queued: Notify,
}

impl MailService {
    /// The service: keeps mails in `store`, their texts sealed with `key`, and delivers them by `transport`, once
    /// [`MailService::start_sending`] was called.
    #[must_use]
    pub fn new(
        store: Arc<dyn MailStore>,
        key: &SealKey,
        transport: Arc<dyn MailTransport>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::new(SealedMailStore::new(store, key)),
            transport,
            clock,
            settings,
            queued: Notify::new(),
        })
    }
}

#[async_trait]
impl Mailer for MailService {
    async fn send(&self, mail: &Mail) -> Result<(), CallError> {
        self.queue(mail).await.map_err(|error| match error {
            SendMailError::NotAMail(_) => {
                CallError::Refused(ServiceName::Mail, error.kind().status())
            }
            SendMailError::CannotQueue(_) => {
                CallError::Unavailable(ServiceName::Mail, Some(Box::new(error)))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f24_waits_double_up_to_the_longest() {
        let waits = [1, 2, 3, 5, 6, 7, 1000, u32::MAX].map(|tries| Retry::default().wait(tries));
        assert_eq!(
            waits.map(|wait| wait.as_secs()),
            [1, 2, 4, 16, 30, 30, 30, 30]
        );
    }
}
