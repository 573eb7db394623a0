//! Makes the topics that are missing and refuses those that cannot work.

use std::{collections::HashMap, sync::Arc, time::Duration};

use colloquy_chassis::backoff::Backoff;
use colloquy_contracts::{Topic, Writer};
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    config::FromClientConfigAndContext as _,
    types::RDKafkaErrorCode,
};
use tokio::time::{Instant, timeout_at};

use super::{
    client::{self, Reporter, blocking},
    settings::KafkaSettings,
};
use crate::event_log::EventLogError;

/// Takes the producer's first record, which is slow, and which no reader should see.
pub(super) const WARM_UP: &str = "colloquy-warm-up";
const WARM_UP_RETENTION_MS: i64 = 60_000;
const PATIENCE: Duration = Duration::from_secs(4);
/// The broker's own default, whatever the cluster's size.
const REPLICATION: TopicReplication<'_> = TopicReplication::Fixed(-1);

/// Partitions by name, of every topic there is.
type Partitions = HashMap<String, i32>;

/// After this all topics exist, and a room is in the same partition of all write topics.
pub(super) async fn prepare(settings: &KafkaSettings) -> Result<(), EventLogError> {
    let admin = AdminClient::from_config_and_context(&client::config(settings), Reporter)?;
    let admin = Arc::new(admin);
    check(settings, &existing(&admin).await?)?;
    create(settings, &admin).await?;
    let deadline = Instant::now() + PATIENCE;
    let mut backoff = Backoff::default();
    loop {
        // Another process may have made them meanwhile, by other settings.
        let topics = existing(&admin).await?;
        check(settings, &topics)?;
        if wanted(settings).all(|(name, ..)| topics.contains_key(&name)) {
            return Ok(());
        }
        timeout_at(deadline, backoff.wait()).await.map_err(|_| {
            EventLogError::Unavailable("topics that were made do not appear".to_owned())
        })?;
    }
}

/// How many partitions each existing topic has. Asks for all topics, because asking for one by name may make it.
async fn existing(admin: &Arc<AdminClient<Reporter>>) -> Result<Partitions, EventLogError> {
    let admin = Arc::clone(admin);
    blocking(move || {
        let metadata = admin.inner().fetch_metadata(None, PATIENCE)?;
        let partitions = |topic: &rdkafka::metadata::MetadataTopic| {
            let count = i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX);
            (topic.name().to_owned(), count)
        };
        Ok(metadata.topics().iter().map(partitions).collect())
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
                "topic {name} has {found} partitions, the settings say {wanted}; all write topics need the same \
                 number, and it cannot be changed in place"
            )));
        }
    }
    Ok(())
}

/// Every topic: name, partitions, retention in milliseconds.
fn wanted(settings: &KafkaSettings) -> impl Iterator<Item = (String, i32, i64)> {
    let topics = Topic::ALL.into_iter().map(|topic| {
        let retention_ms = match topic.writer() {
            Writer::ChatCommand => settings.write_retention_ms,
            Writer::ChatQuery => settings.announced_retention_ms,
        };
        (
            settings.prefixed(topic.name()),
            settings.partitions,
            retention_ms,
        )
    });
    topics.chain([(settings.prefixed(WARM_UP), 1, WARM_UP_RETENTION_MS)])
}

async fn create(
    settings: &KafkaSettings,
    admin: &AdminClient<Reporter>,
) -> Result<(), EventLogError> {
    let topics: Vec<_> = wanted(settings)
        .map(|(name, partitions, retention_ms)| (name, partitions, retention_ms.to_string()))
        .collect();
    let new: Vec<_> = topics
        .iter()
        .map(|(name, partitions, retention_ms)| {
            NewTopic::new(name, *partitions, REPLICATION)
                .set("cleanup.policy", "delete")
                .set("retention.ms", retention_ms)
        })
        .collect();
    let options = AdminOptions::new()
        .request_timeout(Some(PATIENCE))
        .operation_timeout(Some(PATIENCE));
    for outcome in admin.create_topics(&new, &options).await? {
        match outcome {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => {
                return Err(EventLogError::Unavailable(format!(
                    "cannot make topic {name}: {code}"
                )));
            }
        }
    }
    Ok(())
}
