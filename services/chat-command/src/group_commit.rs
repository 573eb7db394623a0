//! Turns a burst of commands into one transaction (decision 1).
//!
//! It clocks itself: while one commit runs the next commands queue, and together they are the next batch. Alone, a
//! command does not wait. A queued command is carried out even if its caller has gone, unless its time is up.

use std::{borrow::Cow, collections::HashSet, ops::ControlFlow, sync::Arc, time::Duration};

use colloquy_chassis::{
    Failure, Kind, Tasks,
    answer::chain,
    spans::{self, Span, SpanKind},
};
use colloquy_service_api::membership_check::NOT_A_MEMBER;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout, timeout_at},
};

use crate::{
    meters,
    write_store::{Accepted, RecordError, Refusal, Submission, WriteStore},
};

/// Commands in one transaction.
const BATCH: usize = 256;
/// Commands that may wait; beyond that the caller is answered at once to come back later.
const QUEUE: usize = 4096;
/// A caller is answered within this time: promise P6 and idempotency (decision 2) say 5 s, of which names took up to one.
const SUBMIT_TIMEOUT: Duration = Duration::from_millis(3800);
/// A stopping process ends its writer when no command has come for this long: requests on the way are still served.
const IDLE_AFTER: Duration = Duration::from_millis(300);

/// Where commands queue. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GroupCommit {
    queue: mpsc::Sender<PendingCommand>,
}

/// Why a command was not carried out, or is not known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The command breaks a rule.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many commands wait.
    #[error("the write queue is full")]
    Busy,
    /// No answer in time: the command may still be carried out, wholly.
    #[error("the write was not answered in time")]
    TimedOut,
    /// The store is unavailable.
    #[error("the write store is unavailable")]
    StoreAway,
    /// The store refused a statement: a defect of ours.
    #[error("the write store refused a statement")]
    Defect,
}

impl Failure for SubmitError {
    fn kind(&self) -> Kind {
        match self {
            Self::Refused(Refusal::NotAMember) => Kind::Forbidden,
            Self::Refused(Refusal::MessageNotInRoom) => Kind::Invalid,
            Self::Refused(Refusal::KeyReused) => Kind::Unprocessable,
            Self::Busy | Self::TimedOut | Self::StoreAway => Kind::Unavailable,
            Self::Defect => Kind::Internal,
        }
    }

    fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Refused(Refusal::NotAMember) => NOT_A_MEMBER,
            Self::Refused(Refusal::MessageNotInRoom) => "There is no such message in this room.",
            Self::Refused(Refusal::KeyReused) => {
                "This Idempotency-Key was already used for a different request."
            }
            Self::Busy | Self::TimedOut | Self::StoreAway | Self::Defect => self.kind().message(),
        })
    }
}

type Answer = Result<Accepted, SubmitError>;

#[derive(Debug)]
struct PendingCommand {
    submission: Submission,
    reply: ReplyTo,
}

#[derive(Debug)]
struct ReplyTo {
    until: Instant,
    reply: oneshot::Sender<Answer>,
}

impl ReplyTo {
    /// A caller that waited too long was answered with the timeout; to carry its command out now would only surprise it.
    fn is_waiting(&self) -> bool {
        self.until > Instant::now()
    }

    /// A caller that has gone needs no answer.
    fn send(self, answer: Answer) {
        let _ = self.reply.send(answer);
    }
}

impl GroupCommit {
    /// Starts the writer.
    #[must_use]
    pub fn start(store: Arc<dyn WriteStore>, tasks: &Tasks) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let stop = tasks.clone();
        tasks.spawn_vital("group commit", async move {
            Writer { store, waiting }.run(&stop).await;
        });
        Self { queue }
    }

    /// Carries out one command, together with others.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit(&self, submission: Submission) -> Answer {
        let (reply, answer) = oneshot::channel();
        let until = Instant::now() + SUBMIT_TIMEOUT;
        let waiting = PendingCommand {
            submission,
            reply: ReplyTo { until, reply },
        };
        self.queue
            .try_send(waiting)
            .map_err(|_| SubmitError::Busy)?;
        match timeout_at(until, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(SubmitError::TimedOut),
        }
    }

    /// Resolves when the writer has ended: this process commits nothing any more.
    pub async fn ended(&self) {
        self.queue.closed().await;
    }
}

struct Writer {
    store: Arc<dyn WriteStore>,
    waiting: mpsc::Receiver<PendingCommand>,
}

impl Writer {
    async fn run(mut self, tasks: &Tasks) {
        let mut batch = Vec::with_capacity(BATCH);
        while self.take(&mut batch, tasks).await {
            batch.retain(|pending| pending.reply.is_waiting());
            if batch.is_empty() {
                continue;
            }
            if let ControlFlow::Break(()) = self.carry_out(std::mem::take(&mut batch)).await {
                return;
            }
        }
    }

    /// Waits for commands and takes all there are; `false` when there will be no more.
    async fn take(&mut self, batch: &mut Vec<PendingCommand>, tasks: &Tasks) -> bool {
        if !tasks.is_stopping() {
            tokio::select! {
                biased;
                taken = self.waiting.recv_many(batch, BATCH) => return taken > 0,
                () = tasks.stopping() => {}
            }
        }
        let taken = timeout(IDLE_AFTER, self.waiting.recv_many(batch, BATCH)).await;
        taken.is_ok_and(|taken| taken > 0)
    }

    async fn carry_out(&self, batch: Vec<PendingCommand>) -> ControlFlow<()> {
        let (submissions, replies): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|pending| (pending.submission, pending.reply))
            .unzip();
        let began = Instant::now();
        let spans = spans_of(&submissions);
        let recorded = self.store.record(&submissions).await;
        drop(spans);
        meters::note_written(submissions.len(), began.elapsed());
        match recorded {
            Ok(answers) => {
                for (reply, answer) in replies.into_iter().zip(answers) {
                    reply.send(answer.map_err(SubmitError::Refused));
                }
                ControlFlow::Continue(())
            }
            Err(RecordError::Rejected(error)) if submissions.len() > 1 => {
                tracing::debug!(error = %chain(&error), "a batch was rejected; its commands are retried one by one");
                self.one_by_one(submissions, replies).await
            }
            Err(error) => {
                let answer = failure(&error);
                for reply in replies {
                    reply.send(Err(answer));
                }
                match error {
                    RecordError::DiskFailed(_) => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            }
        }
    }

    /// Each command alone, so that each gets its own answer. Once the store is away, or a room is locked by another
    /// transaction, commands that would fail the same way are answered at once instead of after another wait.
    async fn one_by_one(
        &self,
        submissions: Vec<Submission>,
        replies: Vec<ReplyTo>,
    ) -> ControlFlow<()> {
        let mut away = false;
        let mut locked = HashSet::new();
        for (submission, reply) in submissions.into_iter().zip(replies) {
            if !reply.is_waiting() {
                continue;
            }
            let room = submission.command.room();
            if away || room.is_some_and(|room| locked.contains(&room)) {
                reply.send(Err(SubmitError::StoreAway));
                continue;
            }
            match self.store.record(&[submission]).await {
                Ok(answers) => {
                    let answer = answers.into_iter().next().ok_or(SubmitError::Defect);
                    reply.send(answer.and_then(|answer| Ok(answer?)));
                }
                Err(error) => {
                    reply.send(Err(failure(&error)));
                    match error {
                        RecordError::DiskFailed(_) => return ControlFlow::Break(()),
                        RecordError::Away(_) | RecordError::Unknown(_) => away = true,
                        RecordError::Rejected(error) if error.is_transient() => locked.extend(room),
                        RecordError::Rejected(_) => {}
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// A span for each command of a recorded trace; its time is that of the transaction that all share.
fn spans_of(submissions: &[Submission]) -> Vec<Span> {
    let spans = submissions.iter().map(|submission| {
        let mut span = spans::child_span(submission.trace, SpanKind::Internal, "record");
        span.set_attribute(
            "colloquy.batch",
            i64::try_from(submissions.len()).unwrap_or(i64::MAX),
        );
        span
    });
    spans.filter(Span::is_recorded).collect()
}

/// The answer to the callers of a batch that failed. The failure is logged here, once for all of them.
fn failure(error: &RecordError) -> SubmitError {
    let text = chain(error);
    match error {
        RecordError::Rejected(cause) if !cause.is_transient() => {
            tracing::error!(error = %text, "commands failed because of a defect");
            SubmitError::Defect
        }
        RecordError::DiskFailed(_) => {
            tracing::error!(error = %text, "the disk cannot be trusted; ending");
            SubmitError::StoreAway
        }
        _ => {
            tracing::warn!(error = %text, "commands were not recorded");
            SubmitError::StoreAway
        }
    }
}
