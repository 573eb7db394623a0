//! Delivers the mails that are due, and tries again those that could not be delivered (fault F24).

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use colloquy_chassis::{Tasks, answer::chain, backoff::Backoff};
use colloquy_contracts::Timestamp;
use colloquy_sql::{StoreError, sweeping::Sweeper};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

use crate::{Letter, MailService, mail_store::Claim, mail_transport::TransportError};

/// Deliveries at once, so that a few that hang do not hold up the others.
const MAX_DELIVERIES: usize = 8;
/// The lease of a claim: longer than a delivery and its record may take.
const LEASE: Duration = Duration::from_secs(30);
/// How long to try to record that a mail was delivered.
const RECORD_TIMEOUT: Duration = Duration::from_secs(15);
/// This process learns at once of a mail that it queues, and of one that it put back when that is due again. A mail that an
/// earlier process or another instance left is found by polling.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

impl MailService {
    /// Delivers mails that are due and drops those that have expired, until the process stops. Deliveries that are under
    /// way then are finished.
    pub fn start_sending(self: &Arc<Self>, tasks: &Tasks) {
        self.start_sweeping(tasks);
        let (service, stop) = (Arc::clone(self), tasks.clone());
        tasks.spawn_vital("mail sending", async move {
            tokio::select! {
                () = stop.stopping() => {}
                () = service.send_due(&stop) => {}
            }
        });
    }

    fn start_sweeping(self: &Arc<Self>, tasks: &Tasks) {
        let service = Arc::clone(self);
        let sweeper = Sweeper::new(self.store.readings(), Arc::clone(&self.clock));
        sweeper.start("sweep of mails", tasks, move |readings| {
            let service = Arc::clone(&service);
            async move {
                if let Some(over_age) = readings.over_age() {
                    service.drop_expired(over_age).await;
                }
                ControlFlow::Continue(())
            }
        });
    }

    async fn drop_expired(&self, over_age: Timestamp) {
        match self.store.drop_expired(over_age).await {
            Ok(0) => {}
            Ok(expired) => tracing::warn!(
                mail.count = expired,
                "mails expired before they could be sent"
            ),
            Err(error) => {
                tracing::warn!(error = %chain(&error), "expired mails cannot be dropped yet");
            }
        }
    }

    async fn send_due(self: Arc<Self>, tasks: &Tasks) {
        let (permits, mut backoff) = (Arc::new(Semaphore::new(MAX_DELIVERIES)), Backoff::default());
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            match self.store.claim(LEASE, self.clock.now()).await {
                Ok(Some(claim)) => {
                    backoff.reset();
                    let (service, stop) = (Arc::clone(&self), tasks.clone());
                    tasks.spawn(async move {
                        let due_again = service.send(claim).await;
                        drop(permit);
                        let Some(wait) = due_again else { return };
                        tokio::select! {
                            () = stop.stopping() => {}
                            () = sleep(wait) => service.queued.notify_one(),
                        }
                    });
                }
                Ok(None) => {
                    backoff.reset();
                    let _ = timeout(POLL_INTERVAL, self.queued.notified()).await;
                }
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "mails that are due cannot be claimed");
                    backoff.wait().await;
                }
            }
        }
    }

    /// Answers the wait after which the mail is due again, if it was put back.
    async fn send(&self, claim: Claim) -> Option<Duration> {
        // Between the claim and here the process may have slept. The mail stays until it has expired for sure.
        if claim.mail.expires_at <= self.clock.now() {
            return None;
        }
        let (id, tries) = (claim.mail.id, claim.tries);
        let outcome = self.deliver(&claim).await;
        let mut due_again = None;
        let recorded = match &outcome {
            Ok(()) => {
                tracing::info!(mail.id = %id, mail.tries = tries, "a mail was sent");
                self.remove(id).await
            }
            Err(TransportError::Refused(reason)) => {
                tracing::warn!(mail.id = %id, reason, "a mail was refused for good and is dropped");
                self.remove(id).await
            }
            Err(TransportError::NotNow(reason)) => {
                tracing::warn!(mail.id = %id, mail.tries = tries, reason, "a mail could not be sent yet");
                let wait = self.settings.retry.wait(tries);
                due_again = Some(wait);
                self.store.put_back(&claim, wait).await
            }
        };
        if let Err(error) = recorded {
            tracing::warn!(mail.id = %id, error = %chain(&error), "the outcome of a mail cannot be recorded");
        }
        due_again
    }

    async fn deliver(&self, claim: &Claim) -> Result<(), TransportError> {
        let (mail, now) = (claim.mail.clone(), self.clock.now());
        let letter = Letter::write(&self.settings.from, mail, now)
            .map_err(|error| TransportError::Refused(error.to_string()))?;
        self.transport.deliver(&letter).await
    }

    /// Tries for [`RECORD_TIMEOUT`]: if this fails, the mail is sent again.
    async fn remove(&self, id: Uuid) -> Result<(), StoreError> {
        let (deadline, mut backoff) = (Instant::now() + RECORD_TIMEOUT, Backoff::default());
        loop {
            match self.store.remove(id).await {
                Err(error) if error.is_transient() && Instant::now() < deadline => {
                    backoff.wait().await;
                }
                outcome => return outcome,
            }
        }
    }
}
