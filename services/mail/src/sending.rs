//! Hands over what is due, and tries again what could not be (fault F24).

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
    /// Sends what is due until the process stops, and forgets what has expired. What is under way then is brought to its
    /// end.
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
                tracing::warn!(error = %chain(&error), "expired mails stay for now");
            }
        }
    }

    async fn send_due(self: Arc<Self>, tasks: &Tasks) {
        let (hands, mut backoff) = (Arc::new(Semaphore::new(AT_ONCE)), Backoff::default());
        while let Ok(hand) = Arc::clone(&hands).acquire_owned().await {
            match self.store.claim(LEASE, self.clock.now()).await {
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

    /// Answers after what time the mail is due again, if it was put back.
    async fn send(&self, claim: Claim) -> Option<Duration> {
        // Between the claim and here the process may have slept. The mail stays until it has expired for sure.
        if claim.mail.expires_at <= self.clock.now() {
            return None;
        }
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

    async fn hand_over(&self, claim: &Claim) -> Result<(), TransportError> {
        let (mail, now) = (claim.mail.clone(), self.clock.now());
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
