//! Distributed: PostgreSQL, the message topic in Kafka, MongoDB.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Bson, Document, doc};
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    metadata::MetadataTopic,
};
use sqlx::{ConnectOptions as _, Row as _, postgres::PgConnectOptions};

use super::{Evidence, Stored};

const TOPIC: &str = "chat-message-sent";
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where the real parts are.
#[derive(Clone, Debug)]
pub struct Distributed {
    pub postgres: String,
    pub kafka: String,
    pub mongo: String,
    pub mongo_database: String,
}

impl Distributed {
    /// Reads everything.
    ///
    /// # Errors
    /// A part does not answer.
    pub async fn read(&self) -> Result<Evidence> {
        let kafka = self.kafka.clone();
        let logged = tokio::task::spawn_blocking(move || read_topic(&kafka)).await??;
        let (viewed, last) = self.views().await?;
        Ok(Evidence {
            written: self.written().await?,
            logged,
            viewed,
            last,
        })
    }

    async fn written(&self) -> Result<Vec<Stored>> {
        let options: PgConnectOptions = self.postgres.parse()?;
        let mut connection = options.connect().await.context("cannot read PostgreSQL")?;
        let sql = "SELECT room_id, seq, message_id, customer_id, content FROM messages";
        let rows = sqlx::query(sql).fetch_all(&mut connection).await?;
        rows.iter()
            .map(|row| {
                Ok(Stored {
                    room_id: row.try_get("room_id")?,
                    seq: row.try_get("seq")?,
                    message_id: row.try_get("message_id")?,
                    sender_id: row.try_get("customer_id")?,
                    content: row.try_get("content")?,
                })
            })
            .collect()
    }

    async fn views(&self) -> Result<(Vec<Stored>, Vec<(i64, i64, i64)>)> {
        let database = mongodb::Client::with_uri_str(&self.mongo)
            .await?
            .database(&self.mongo_database);
        let messages: Vec<Document> = database
            .collection("messages")
            .find(doc! {})
            .await
            .context("cannot read MongoDB")?
            .try_collect()
            .await?;
        let viewed = messages.iter().map(stored).collect::<Result<_>>()?;
        let rooms: Vec<Document> = database
            .collection("chatRoomViews")
            .find(doc! {})
            .await?
            .try_collect()
            .await?;
        let mut last = Vec::new();
        for room in &rooms {
            if let Ok(message) = room.get_document("lastMessage") {
                last.push((
                    number(room, "_id")?,
                    number(message, "seq")?,
                    number(message, "messageId")?,
                ));
            }
        }
        Ok((viewed, last))
    }
}

fn stored(message: &Document) -> Result<Stored> {
    Ok(Stored {
        room_id: number(message, "roomId")?,
        seq: number(message, "seq")?,
        message_id: number(message, "_id")?,
        sender_id: number(message, "senderId")?,
        content: message.get_str("content")?.to_owned(),
    })
}

fn number(document: &Document, name: &str) -> Result<i64> {
    match document.get(name) {
        Some(Bson::Int64(number)) => Ok(*number),
        Some(Bson::Int32(number)) => Ok((*number).into()),
        other => anyhow::bail!("{name} is {other:?}"),
    }
}

/// The whole topic, partition by partition: a room lives on one of them, so its order is kept.
fn read_topic(brokers: &str) -> Result<Vec<Stored>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "colloquy-audit")
        .set("enable.auto.commit", "false")
        .create()?;
    let metadata = consumer
        .fetch_metadata(Some(TOPIC), TIMEOUT)
        .context("cannot read Kafka")?;
    let mut assignment = TopicPartitionList::new();
    let mut left = BTreeMap::new();
    for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
        let (low, high) = consumer.fetch_watermarks(TOPIC, partition.id(), TIMEOUT)?;
        if high > low {
            assignment.add_partition_offset(TOPIC, partition.id(), Offset::Offset(low))?;
            left.insert(partition.id(), high);
        }
    }
    consumer.assign(&assignment)?;
    let mut logged: BTreeMap<i32, Vec<Stored>> = BTreeMap::new();
    while !left.is_empty() {
        let message = consumer
            .poll(TIMEOUT)
            .context("the topic ends before its watermark")??;
        let payload = message.payload().unwrap_or_default();
        logged
            .entry(message.partition())
            .or_default()
            .push(serde_json::from_slice(payload)?);
        if left
            .get(&message.partition())
            .is_some_and(|high| message.offset() + 1 >= *high)
        {
            left.remove(&message.partition());
        }
    }
    Ok(logged.into_values().flatten().collect())
}
