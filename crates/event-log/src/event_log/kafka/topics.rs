//! Creates the topics that are missing and refuses those that cannot work.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use colloquy_chassis::{Refusal, backoff::Backoff};
use colloquy_contracts::{Topic, Writer};
use rdkafka::{
    ClientContext,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    config::{FromClientConfigAndContext as _, RDKafkaLogLevel},
    error::KafkaError,
    metadata::{Metadata, MetadataTopic},
    producer::{BaseProducer, DeliveryResult, Producer as _, ProducerContext},
    types::RDKafkaErrorCode,
};
use tokio::time::{Instant, timeout_at};

use super::{
    client::{self, REQUEST_TIMEOUT, Reporter, blocking},
    settings::KafkaSettings,
};
use crate::event_log::EventLogError;

/// Takes the producer's first record, which is slow, and which no reader should see.
pub(super) const WARM_UP: &str = "colloquy-warm-up";
const WARM_UP_RETENTION_MS: i64 = 60_000;
/// The broker's own default, whatever the cluster's size.
const REPLICATION: TopicReplication<'_> = TopicReplication::Fixed(-1);

/// So many reports of a client are looked at when a call has failed.
const REPORTS: usize = 100;

/// Partitions by name, of every topic there is.
type Partitions = HashMap<String, i32>;

/// Notes what a broker refuses: a call that waits for a broker in vain does not say why. Nothing is logged, because the error
/// of the call says it.
#[derive(Default)]
pub(super) struct Asking {
    refused: Mutex<Option<String>>,
}

impl Asking {
    /// The error of a call that ended with this.
    fn explain(&self, error: KafkaError) -> EventLogError {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = refused.take().unwrap_or_default();
        match Refusal::in_words(&reason) {
            Some(refusal) => {
                let advice = refusal.advice(&KafkaSettings::names());
                EventLogError::LockedOut(format!("{advice}: {reason}"))
            }
            None => error.into(),
        }
    }
}

impl ClientContext for Asking {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, _: KafkaError, reason: &str) {
        if Refusal::in_words(reason).is_some() {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            *refused = Some(reason.to_owned());
        }
    }
}

impl ProducerContext for Asking {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// A topic as it is to be.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) partitions: i32,
    retention_ms: String,
}

/// After this all topics exist, and a room is in the same partition of all write topics. Nothing is made, and no right to
/// make anything needed, where all topics were made beforehand.
pub(super) async fn prepare(settings: &KafkaSettings) -> Result<(), EventLogError> {
    let asking = Arc::new(asking(settings)?);
    let there = existing(&asking).await?;
    check(settings, &there)?;
    let mut missing = wanted(settings);
    missing.retain(|topic| !there.contains_key(&topic.name));
    if missing.is_empty() {
        return Ok(());
    }
    create(&missing, settings).await?;
    let deadline = Instant::now() + REQUEST_TIMEOUT;
    let mut backoff = Backoff::default();
    loop {
        // Another process may have made them meanwhile, by other settings.
        let topics = existing(&asking).await?;
        check(settings, &topics)?;
        missing.retain(|topic| !topics.contains_key(&topic.name));
        if missing.is_empty() {
            return Ok(());
        }
        timeout_at(deadline, backoff.wait()).await.map_err(|_| {
            let names = names(&missing);
            EventLogError::Unavailable(format!("topics that were created do not appear: {names}"))
        })?;
    }
}

/// A client that asks and writes nothing.
pub(super) fn asking(settings: &KafkaSettings) -> Result<BaseProducer<Asking>, EventLogError> {
    let config = client::config(settings);
    Ok(BaseProducer::from_config_and_context(
        &config,
        Asking::default(),
    )?)
}

/// What Kafka says of all topics, because asking for one by name may make it.
pub(super) fn metadata(asking: &BaseProducer<Asking>) -> Result<Metadata, EventLogError> {
    let metadata = asking.client().fetch_metadata(None, REQUEST_TIMEOUT);
    metadata.map_err(|error| {
        // What the client has noticed meanwhile is reported only where it is polled.
        (0..REPORTS).for_each(|_| asking.poll(Duration::ZERO));
        asking.context().explain(error)
    })
}

/// How many partitions each existing topic has; one that is just being made is not there yet.
async fn existing(asking: &Arc<BaseProducer<Asking>>) -> Result<Partitions, EventLogError> {
    let asking = Arc::clone(asking);
    blocking(move || {
        let metadata = metadata(&asking)?;
        let partitions = |topic: &MetadataTopic| {
            let count = i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX);
            (topic.name().to_owned(), count)
        };
        let topics = metadata.topics().iter();
        let there = topics.filter(|topic| topic.error().is_none());
        Ok(there.map(partitions).collect())
    })
    .await
}

fn check(settings: &KafkaSettings, topics: &Partitions) -> Result<(), EventLogError> {
    for topic in Topic::WRITE {
        let name = settings.prefixed(topic.name());
        let wanted = settings.partitions;
        if let Some(&found) = topics.get(&name)
            && found != wanted
        {
            return Err(EventLogError::Misconfigured(format!(
                "topic {name} has {found} partitions but the settings say {wanted}; all write topics need the same \
                 number, and it cannot be changed in place"
            )));
        }
    }
    Ok(())
}

/// All topics, the write topics first, the warm-up topic last.
pub(super) fn wanted(settings: &KafkaSettings) -> Vec<Wanted> {
    let topic = |name, partitions, retention_ms: i64| Wanted {
        name: settings.prefixed(name),
        partitions,
        retention_ms: retention_ms.to_string(),
    };
    let topics = Topic::ALL.into_iter().map(|one| {
        let retention_ms = match one.writer() {
            Writer::ChatCommand => settings.write_retention_ms,
            Writer::ChatQuery => settings.announced_retention_ms,
        };
        topic(one.name(), settings.partitions, retention_ms)
    });
    let warm_up = topic(WARM_UP, 1, WARM_UP_RETENTION_MS);
    topics.chain([warm_up]).collect()
}

/// Creates topics; it is no error if another process does so at the same time.
async fn create(missing: &[Wanted], settings: &KafkaSettings) -> Result<(), EventLogError> {
    let admin =
        AdminClient::from_config_and_context(&client::config(settings), Reporter::default())?;
    let new: Vec<_> = missing
        .iter()
        .map(|topic| {
            NewTopic::new(&topic.name, topic.partitions, REPLICATION)
                .set("cleanup.policy", "delete")
                .set("retention.ms", &topic.retention_ms)
        })
        .collect();
    let options = AdminOptions::new()
        .request_timeout(Some(REQUEST_TIMEOUT))
        .operation_timeout(Some(REQUEST_TIMEOUT));
    let outcomes = admin.create_topics(&new, &options).await.map_err(|error| {
        let names = names(missing);
        EventLogError::Unavailable(format!(
            "missing topics cannot be created: {names}: {error}"
        ))
    })?;
    let refused: Vec<_> = outcomes
        .into_iter()
        .filter_map(Result::err)
        .filter(|(_, code)| *code != RDKafkaErrorCode::TopicAlreadyExists)
        .map(|(name, code)| format!("{name}: {code}"))
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    let refused = refused.join(", ");
    Err(EventLogError::Unavailable(format!(
        "missing topics cannot be created; create them or grant the right to: {refused}"
    )))
}

fn names(topics: &[Wanted]) -> String {
    let names: Vec<_> = topics.iter().map(|topic| topic.name.as_str()).collect();
    names.join(", ")
}
