//! The mails with codes, after the answer: only here is looked whether an address belongs to an account (S05).
//!
//! A bounded queue and one task: when the parts it needs are down it waits with what it has, so that the queue fills and
//! whoever asks next is told. What waits is in memory alone; after a kill its owner asks again.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{ApiError, Clock, Kind, Tasks, answer::chain, backoff::Backoff};
use colloquy_service_api::{CallError, Mailer, OneTimeCodes, one_time_codes::IssuedCode};
use colloquy_sql::StoreError;
use tokio::{
    sync::mpsc::{Permit, Receiver, Sender, channel},
    time::Instant,
};

use super::mail_text::{mail_with, minutes_left};
use crate::{CustomerStore, customer_store::Customer, domain::Email};

const QUEUE: usize = 256;
/// As long as a code lives; who waited longer has asked again.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(300);

/// Which code is mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The one that is alive, or else a new one.
    LiveOrNew,
    /// A new one.
    New,
}

/// What mailing codes needs.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn CustomerStore>,
    pub(crate) codes: Arc<dyn OneTimeCodes>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The way into the queue.
pub(crate) struct CodeMails(Sender<Job>);

/// A place in the queue.
pub(crate) struct Place<'a>(Permit<'a, Job>);

struct Job {
    email: Email,
    wanted: Wanted,
    until: Instant,
}

/// Why a code was not mailed at this try.
#[derive(Debug, thiserror::Error)]
enum MailCodeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Call(#[from] CallError),
}

impl CodeMails {
    /// Starts mailing.
    pub(crate) fn start(parts: Parts, tasks: &Tasks) -> Self {
        let (sender, jobs) = channel(QUEUE);
        tasks.spawn_vital("mailing of codes", work(parts, jobs, tasks.clone()));
        Self(sender)
    }

    /// A place in the queue, or 503 for anybody.
    pub(crate) fn reserve(&self) -> Result<Place<'_>, ApiError> {
        self.0
            .try_reserve()
            .map(Place)
            .map_err(|_| ApiError::of(Kind::Unavailable))
    }
}

impl Place<'_> {
    pub(crate) fn take(self, email: Email, wanted: Wanted) {
        self.0.send(Job {
            email,
            wanted,
            until: Instant::now() + GIVEN_UP_AFTER,
        });
    }
}

async fn work(parts: Parts, mut jobs: Receiver<Job>, stop: Tasks) {
    loop {
        tokio::select! {
            () = stop.stopping() => break,
            job = jobs.recv() => match job {
                Some(job) => parts.carry_out(&job, &stop).await,
                None => return stop.stopping().await,
            },
        }
    }
    // Those who were promised a mail before the stop.
    jobs.close();
    while let Some(job) = jobs.recv().await {
        parts.carry_out(&job, &stop).await;
    }
}

impl Parts {
    /// Tries until it is done or not worth doing any more; while the process stops, once.
    async fn carry_out(&self, job: &Job, stop: &Tasks) {
        let mut issued = None;
        let mut pause = Backoff::default();
        loop {
            let Err(error) = self.attempt(job, &mut issued).await else {
                return;
            };
            let helps = error.is_transient() && Instant::now() < job.until;
            let error = chain(&error);
            if !helps || stop.is_stopping() {
                tracing::warn!(%error, "a code was not mailed");
                return;
            }
            tracing::debug!(%error, "a code is not mailed yet");
            tokio::select! {
                () = pause.wait() => {}
                () = stop.stopping() => {}
            }
        }
    }

    async fn attempt(
        &self,
        job: &Job,
        issued: &mut Option<(Customer, IssuedCode)>,
    ) -> Result<(), MailCodeError> {
        if issued.is_none() {
            let Some(customer) = self.store.by_email(&job.email).await? else {
                return Ok(());
            };
            let code = self.issue(&job.email.lower(), job.wanted).await?;
            *issued = Some((customer, code));
        }
        // A code that was made at an earlier try is kept: another one would end it, and it may be in the mail already.
        if let Some((customer, code)) = issued {
            let mail = mail_with(code, customer.email.clone(), self.clock.now());
            self.mailer.send(&mail).await?;
        }
        Ok(())
    }

    async fn issue(&self, email: &str, wanted: Wanted) -> Result<IssuedCode, CallError> {
        if wanted == Wanted::New {
            return self.codes.resend(email).await;
        }
        let live = self.codes.generate(email).await?;
        if minutes_left(&live, self.clock.now()) > 0 {
            return Ok(live);
        }
        // It would be over before it is read.
        self.codes.resend(email).await
    }
}

impl MailCodeError {
    fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Call(CallError::Unavailable(..)) => true,
            Self::Call(CallError::Refused(..)) => false,
        }
    }
}
