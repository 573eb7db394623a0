//! The mails with codes, after the answer: only here is looked whether an address belongs to an account (S05).
//!
//! A mail that went less than 60 s ago is not followed by another while its code works: the answer said that a code is on
//! its way, and it is. A code that was used, or that its requester has no tries left of, is replaced at once.
//!
//! A bounded queue and one task. The mail service's durable queue does not make this one superfluous: the answer promises
//! a mail before it is known whether there is an account, and before there is a code to mail. While the store, otp or the
//! mail service is down, the task waits with the job it has, so that the queue fills and later requests are refused. The
//! queue is in memory alone; after a kill the owner of the address asks again.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{
    ApiError, ClientAddress, Clock, Kind, Tasks, answer::chain, backoff::Backoff,
};
use colloquy_rate_limit::RateLimitStore;
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
use crate::{CustomerStore, domain::Email};

/// Jobs that may wait.
const CAPACITY: usize = 256;
/// As long as a code lives; a client that waited longer has asked again.
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
pub(crate) struct CodeMailer {
    pub(crate) store: Arc<dyn CustomerStore>,
    pub(crate) limits: Arc<dyn RateLimitStore>,
    pub(crate) codes: Arc<dyn OneTimeCodes>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stop: Tasks,
}

/// The way into the queue.
pub(crate) struct CodeMails(Sender<Job>);

/// Room for one job in the queue.
pub(crate) struct MailPermit<'a>(Permit<'a, Job>);

/// A request for a code.
pub(crate) struct Request {
    pub(crate) email: Email,
    pub(crate) wanted: Wanted,
    /// The requester.
    pub(crate) asking: Asking,
    /// The client address that the requester asks from.
    pub(crate) client: ClientAddress,
}

struct Job {
    request: Request,
    until: Instant,
}

/// Why a code was not mailed.
#[derive(Debug, thiserror::Error)]
enum MailCodeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Call(#[from] CallError),
}

impl CodeMails {
    /// Starts the task.
    pub(crate) fn start(mailer: CodeMailer) -> Self {
        let (sender, jobs) = channel(CAPACITY);
        let tasks = mailer.stop.clone();
        tasks.spawn_vital("mailing of codes", mailer.run(jobs));
        Self(sender)
    }

    /// Room for one job, or 503 whatever the address.
    pub(crate) fn reserve(&self) -> Result<MailPermit<'_>, ApiError> {
        let permit = self.0.try_reserve();
        permit
            .map(MailPermit)
            .map_err(|_| ApiError::of(Kind::Unavailable))
    }
}

impl MailPermit<'_> {
    pub(crate) fn send(self, request: Request) {
        let until = Instant::now() + GIVEN_UP_AFTER;
        self.0.send(Job { request, until });
    }
}

impl CodeMailer {
    async fn run(self, mut jobs: Receiver<Job>) {
        loop {
            tokio::select! {
                () = self.stop.stopping() => break,
                job = jobs.recv() => match job {
                    Some(job) => self.carry_out(&job).await,
                    None => return self.stop.stopping().await,
                },
            }
        }
        // The answers before the stop promised a mail.
        jobs.close();
        while let Some(job) = jobs.recv().await {
            self.carry_out(&job).await;
        }
    }

    async fn carry_out(&self, job: &Job) {
        if let Err(error) = self.mail_code(job).await {
            tracing::warn!(error = %chain(&error), "a code was not mailed");
        }
    }

    async fn mail_code(&self, job: &Job) -> Result<(), MailCodeError> {
        let (Job { request, until }, store) = (job, self.store.as_ref());
        let find = |_| store.by_email(&request.email);
        let Some(customer) = self.retry(*until, find).await? else {
            return Ok(());
        };
        let (email, client) = (&request.email, request.client);
        let take = |_| Allowance::try_acquire(&*self.limits, email, client, self.clock.now());
        let Some(allowance) = self.retry(*until, take).await? else {
            return Ok(());
        };
        let issue = |tries| self.issue(request, &allowance, tries);
        let Some(code) = self.retry(*until, issue).await? else {
            return Ok(());
        };
        let send = |_| async {
            let mail = mail_with(
                &code,
                customer.email.clone(),
                &customer.username,
                self.clock.now(),
            );
            self.mailer.send(&mail).await
        };
        self.retry(*until, send).await
    }

    /// The code to be mailed; `None` if it is in the mail already.
    async fn issue(
        &self,
        request: &Request,
        allowance: &Allowance,
        tries: u32,
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
        let is_mailed = live.already_issued && tries == 1;
        if allowance.is_early && is_mailed && !is_over {
            let now = self.clock.now();
            allowance.refund(&*self.limits, now).await?;
            return Ok(None);
        }
        if allowance.is_early {
            let now = self.clock.now();
            allowance.begin_pause(&*self.limits, now).await?;
        }
        let is_to_be_new = request.wanted == Wanted::New && live.already_issued && !live.shared;
        if is_over || is_to_be_new {
            return Ok(Some(self.codes.resend(&email, &asking).await?));
        }
        Ok(Some(live))
    }

    /// Repeats one step of a job until it is done, or not worth doing any more; while the process stops, once. What the
    /// steps before it took and made is kept: another code would end the one that may be in the mail already.
    async fn retry<T, E, Step>(
        &self,
        until: Instant,
        step: impl Fn(u32) -> Step,
    ) -> Result<T, MailCodeError>
    where
        MailCodeError: From<E>,
        Step: Future<Output = Result<T, E>>,
    {
        let (mut pause, mut tries) = (Backoff::default(), 1);
        loop {
            let error = match step(tries).await {
                Ok(done) => return Ok(done),
                Err(error) => MailCodeError::from(error),
            };
            let helps = error.is_transient() && Instant::now() < until;
            if !helps || self.stop.is_stopping() {
                return Err(error);
            }
            tracing::debug!(error = %chain(&error), "a code is not mailed yet");
            tokio::select! {
                () = pause.wait() => {}
                () = self.stop.stopping() => {}
            }
            tries += 1;
        }
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
