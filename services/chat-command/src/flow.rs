//! `GET /flow`: where events are on their way from a command to the views, for people who watch the system at work.
//!
//! It says what this service and the log know by themselves, so that it can be read while the read side stands still: what
//! waits in the outbox, where the log ends, how far the projector's group has committed (invariant 4), and the caller's
//! newest messages without their text. What was pushed only its receiver knows.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, Kind, answer::chain};
use colloquy_contracts::{CustomerId, Envelope, openapi::NotFound};
use colloquy_credentials::identity::Caller;
use colloquy_event_log::{GroupProgress, Progress};
use colloquy_sql::StoreError;
use serde::Serialize;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use utoipa::ToSchema;

use crate::{
    ChatCommand,
    outbox::{Backlog, Outbox},
    write_store::{RecentMessage, WriteStore},
};

/// The newest messages of the caller's rooms that an answer shows.
const MESSAGES: u32 = 20;
/// However many people watch, the outbox and the log are asked no more often.
const REFRESH_AFTER: Duration = Duration::from_millis(900);
/// A log that is slower counts as one that does not answer.
const LOG_TIMEOUT: Duration = Duration::from_secs(2);

/// What is asked where events are.
pub struct FlowSources {
    /// The outbox, where it is not the log itself.
    pub outbox: Option<Arc<dyn Outbox>>,
    /// The log.
    pub log: Arc<dyn GroupProgress>,
    /// The consumer group of the projector.
    pub group: &'static str,
}

/// Where events are.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Flow {
    /// What is committed and not yet in the log; null where the outbox is the log itself.
    #[schema(required)]
    outbox: Option<FlowOutbox>,
    /// The log and its projection, a partition each; null while the log does not answer.
    #[schema(required)]
    partitions: Option<Vec<FlowPartition>>,
    /// The newest messages of the caller's rooms, newest first, at most 20.
    messages: Vec<RecentMessage>,
}

/// What waits in the outbox.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FlowOutbox {
    /// How many events wait; counted up to 100,000.
    waiting: i64,
    /// How long the oldest has waited, in milliseconds.
    oldest_ms: u64,
}

/// One partition of the three write topics.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FlowPartition {
    /// Its number.
    partition: i32,
    /// How many events were ever appended to it.
    end: i64,
    /// How many of them are in the views.
    position: i64,
}

/// Answers where events are.
pub(crate) struct FlowWatch {
    sources: FlowSources,
    store: Arc<dyn WriteStore>,
    /// The last answer about what is the same for all callers. Who finds it too old asks again while the others wait.
    stages: Mutex<Option<(Instant, Stages)>>,
}

#[derive(Clone)]
struct Stages {
    outbox: Option<FlowOutbox>,
    partitions: Option<Vec<FlowPartition>>,
}

/// Where the events of a chat are
///
/// From the outbox through the log into the views, with the newest messages of the caller's rooms, without their text. To be
/// watched by people; 404 where the system does not show it.
#[utoipa::path(
    get,
    path = "/flow",
    operation_id = "readFlow",
    responses(
        (status = 200, description = "As it is now, or was a second ago.", body = Envelope<Flow>),
        NotFound,
    )
)]
pub(crate) async fn handle(
    State(service): State<Arc<ChatCommand>>,
    caller: Caller,
) -> Result<Answer<Flow>, ApiError> {
    let Some(watch) = &service.flow else {
        let message = "This system does not show the path of its events.";
        return Err(ApiError::new(Kind::NotFound, message));
    };
    let flow = watch.read(caller.customer_id).await?;
    Ok(Answer("Where events are.", flow))
}

impl FlowWatch {
    pub(crate) fn new(store: Arc<dyn WriteStore>, sources: FlowSources) -> Self {
        Self {
            sources,
            store,
            stages: Mutex::default(),
        }
    }

    async fn read(&self, customer: CustomerId) -> Result<Flow, StoreError> {
        let messages = self.store.recent_messages(customer, MESSAGES).await?;
        let Stages { outbox, partitions } = self.stages().await?;
        Ok(Flow {
            outbox,
            partitions,
            messages,
        })
    }

    async fn stages(&self) -> Result<Stages, StoreError> {
        let mut last = self.stages.lock().await;
        if let Some((at, stages)) = last.as_ref()
            && at.elapsed() < REFRESH_AFTER
        {
            return Ok(stages.clone());
        }
        let outbox = match &self.sources.outbox {
            Some(outbox) => Some(outbox.backlog().await?.into()),
            None => None,
        };
        let partitions = self.partitions().await;
        let stages = Stages { outbox, partitions };
        *last = Some((Instant::now(), stages.clone()));
        Ok(stages)
    }

    async fn partitions(&self) -> Option<Vec<FlowPartition>> {
        let progress = self.sources.log.progress(self.sources.group);
        match timeout(LOG_TIMEOUT, progress).await {
            Ok(Ok(progress)) => Some(progress.into_iter().map(FlowPartition::from).collect()),
            Ok(Err(error)) => {
                tracing::warn!(
                    error = chain(&error),
                    "the log does not say how far its reader is"
                );
                None
            }
            Err(_) => {
                tracing::warn!("the log does not say in time how far its reader is");
                None
            }
        }
    }
}

impl From<Backlog> for FlowOutbox {
    fn from(backlog: Backlog) -> Self {
        Self {
            waiting: backlog.depth,
            oldest_ms: u64::try_from(backlog.age.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl From<Progress> for FlowPartition {
    fn from(progress: Progress) -> Self {
        Self {
            partition: progress.partition,
            end: progress.end,
            position: progress.position,
        }
    }
}
