//! Hands over what is due, and tries again what could not be (fault F24).

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{Tasks, answer::chain, backoff::Backoff};
use colloquy_sql::StoreError;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

use crate::{Letter, MailService, mail_store::Claim, mail_transport::TransportError};

/// Mails under way at once, so that a few that hang do not hold up the others.
const AT_ONCE: usize = 8;
/// How long a claim holds: longer than a transport may take, and the note that a mail has gone.
const LEASE: Duration = Duration::from_secs(30);
/// How long to try to note that a mail has gone.
const NOTE: Duration = Duration::from_secs(15);
/// What is queued here is seen at once, and what this process has put back when it is due again; what an earlier process or
/// another instance has left over, this soon.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl MailService {
    /// Sends what is due until the process stops. What is under way then is brought to its end.
    pub fn start_sending(self: &Arc<Self>, tasks: &Tasks) {
        let (service, stop) = (Arc::clone(self), tasks.clone());
        tasks.spawn_vital("mail sending", async move {
            tokio::select! {
                () = stop.stopping() => {}
                () = service.send_due(&stop) => {}
            }
        });
    }

    async fn send_due(self: Arc<Self>, tasks: &Tasks) {
        let (hands, mut backoff) = (Arc::new(Semaphore::new(AT_ONCE)), Backoff::default());
        while let Ok(hand) = Arc::clone(&hands).acquire_owned().await {
            match self.next_due().await {
                Ok(Some(claim)) => {
                    backoff.reset();
                    let (service, stop) = (Arc::clone(&self), tasks.clone());
                    tasks.spawn(async move {
                        let due_again = service.send(claim).await;
                        drop(hand);
                        let Some(wait) = due_again else { return };
                        tokio::select! {
                            () = stop.stopping() => {}
                            () = sleep(wait) => service.queued.notify_one(),
                        }
                    });
                }
                Ok(None) => {
                    backoff.reset();
                    let _ = timeout(LOOK_AGAIN, self.queued.notified()).await;
                }
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "mails that are due cannot be claimed");
                    backoff.wait().await;
                }
            }
        }
    }

    async fn next_due(&self) -> Result<Option<Claim>, StoreError> {
        let expired = self.store.drop_expired(self.clock.now()).await?;
        if expired > 0 {
            tracing::warn!(
                mail.count = expired,
                "mails expired before they could be sent"
            );
        }
        self.store.claim(LEASE).await
    }

    /// Answers after what time the mail is due again, if it was put back.
    async fn send(&self, claim: Claim) -> Option<Duration> {
        let (id, tries) = (claim.mail.id, claim.tries);
        let outcome = self.hand_over(&claim).await;
        let mut due_again = None;
        let noted = match &outcome {
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
        if let Err(error) = noted {
            tracing::warn!(mail.id = %id, error = %chain(&error), "what became of a mail cannot be noted");
        }
        due_again
    }

    /// Asks the clock once more: between the claim and here a process may have slept.
    async fn hand_over(&self, claim: &Claim) -> Result<(), TransportError> {
        let (mail, now) = (claim.mail.clone(), self.clock.now());
        if mail.expires_at <= now {
            return Err(TransportError::Refused("it has expired".to_owned()));
        }
        let letter = Letter::write(&self.settings.from, mail, now)
            .map_err(|error| TransportError::Refused(error.to_string()))?;
        self.transport.deliver(&letter).await
    }

    /// Tries for a while: if this fails, the mail is sent again.
    async fn remove(&self, id: Uuid) -> Result<(), StoreError> {
        let (by, mut backoff) = (Instant::now() + NOTE, Backoff::default());
        loop {
            match self.store.remove(id).await {
                Err(error) if error.is_transient() && Instant::now() < by => backoff.wait().await,
                outcome => return outcome,
            }
        }
    }
}
