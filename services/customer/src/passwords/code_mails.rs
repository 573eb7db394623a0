//! The mails with codes, after the answer: only here is looked whether an address belongs to an account (S05).
//!
//! A mail that went less than 60 s ago is not followed by another while its code works: the answer said that a code is on
//! its way, and it is. A code that was used, or that its requester has no tries left of, is replaced at once.
//!
//! A bounded queue and one task: when the parts it needs are down it waits with what it has, so that the queue fills and
//! whoever asks next is told. What waits is in memory alone; after a kill its owner asks again.

use std::{mem, sync::Arc, time::Duration};

use colloquy_chassis::{
    ApiError, ClientAddress, Clock, Kind, Tasks, answer::chain, backoff::Backoff,
};
use colloquy_contracts::Timestamp;
use colloquy_service_api::{
    CallError, Mailer, OneTimeCodes,
    one_time_codes::{Asking, IssuedCode},
};
use colloquy_sql::StoreError;
use tokio::{
    sync::mpsc::{Permit, Receiver, Sender, channel},
    time::Instant,
};

use super::{
    mail_allowance::Allowance,
    mail_text::{mail_with, minutes_left},
};
use crate::{CustomerStore, customer_store::Customer, domain::Email};

const QUEUE: usize = 256;
/// As long as a code lives; who waited longer has asked again.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(300);

/// Which code is mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The one that is alive, or else a new one.
    LiveOrNew,
    /// A new one, unless that would end the code of another requester.
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

/// A request for a code.
pub(crate) struct Request {
    pub(crate) email: Email,
    pub(crate) wanted: Wanted,
    /// The requester.
    pub(crate) asking: Asking,
    /// Where the requester asks from.
    pub(crate) client: ClientAddress,
    pub(crate) asked_at: Timestamp,
}

struct Job {
    request: Request,
    until: Instant,
}

/// How far a job has come. What was taken and made at an earlier try is kept: another code would end it, and it may be in
/// the mail already.
enum Stage {
    Asked,
    Allowed(Customer, Allowance, Tries),
    Issued(Customer, IssuedCode),
}

/// Whether a code has been asked for in this job before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tries {
    First,
    Later,
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
    pub(crate) fn take(self, request: Request) {
        self.0.send(Job {
            request,
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
        let mut stage = Stage::Asked;
        let mut pause = Backoff::default();
        loop {
            let Err(error) = self.attempt(&job.request, &mut stage).await else {
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

    async fn attempt(&self, request: &Request, stage: &mut Stage) -> Result<(), MailCodeError> {
        if matches!(stage, Stage::Asked) {
            let store = self.store.as_ref();
            let Some(customer) = store.by_email(&request.email).await? else {
                return Ok(());
            };
            let (email, client, at) = (&request.email, request.client, request.asked_at);
            let Some(allowance) = Allowance::take(store, email, client, at).await? else {
                return Ok(());
            };
            *stage = Stage::Allowed(customer, allowance, Tries::First);
        }
        if let Stage::Allowed(customer, allowance, tries) = stage {
            let tries = mem::replace(tries, Tries::Later);
            let Some(code) = self.issue(request, allowance, tries).await? else {
                return Ok(());
            };
            *stage = Stage::Issued(customer.clone(), code);
        }
        if let Stage::Issued(customer, code) = stage {
            let mail = mail_with(code, customer.email.clone(), self.clock.now());
            self.mailer.send(&mail).await?;
        }
        Ok(())
    }

    /// The code to be mailed; `None` if it is in the mail already.
    async fn issue(
        &self,
        request: &Request,
        allowance: &Allowance,
        tries: Tries,
    ) -> Result<Option<IssuedCode>, MailCodeError> {
        let email = request.email.key();
        let asking = Asking {
            again: !allowance.is_early,
            ..request.asking.clone()
        };
        let live = self.codes.generate(&email, &asking).await?;
        // It would be over before it is read.
        let is_over = minutes_left(&live, self.clock.now()) <= 0;
        // A code that an earlier try of this job has made is in no mail yet.
        let is_mailed = live.already_issued && tries == Tries::First;
        if allowance.is_early && is_mailed && !is_over {
            allowance.give_back(self.store.as_ref()).await?;
            return Ok(None);
        }
        if allowance.is_early {
            let begin = allowance.begin_pause(self.store.as_ref(), request.asked_at);
            begin.await?;
        }
        let is_to_be_new = request.wanted == Wanted::New && live.already_issued && !live.shared;
        if is_over || is_to_be_new {
            return Ok(Some(self.codes.resend(&email, &asking).await?));
        }
        Ok(Some(live))
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
