//! Appends, and answers in bounded time.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::join_all};
use rdkafka::{ClientConfig, producer::FutureRecord};
use tokio::time::timeout;

use super::{client, pending::Pending, settings::KafkaSettings, topics::WARM_UP};
use crate::event_log::{EventLogError, NewEvent};

/// An append answers within this time (promise P6: ≤ 5 s); what it could not deliver is not durable yet.
const PATIENCE: Duration = Duration::from_millis(3_500);

pub(super) struct Producer {
    settings: KafkaSettings,
    /// Held while events are given to librdkafka, never across an await: order in the queue is order of the calls.
    pending: Mutex<Pending>,
}

impl Producer {
    pub(super) fn new(settings: &KafkaSettings) -> Result<Self, EventLogError> {
        Ok(Self {
            settings: settings.clone(),
            pending: Mutex::new(Pending::new(config(settings))?),
        })
    }

    /// Delivers one record to a topic that nobody reads. The first record of an idempotent producer takes 0.5–1 s.
    pub(super) async fn warm_up(&self) -> Result<(), EventLogError> {
        let topic = self.settings.prefixed(WARM_UP);
        let record = FutureRecord::to(&topic).key("").payload("");
        let sent = self.lock().producer().send_result(record);
        let delivery = sent.map_err(|(error, _)| error)?;
        match timeout(PATIENCE, delivery).await {
            Ok(Ok(Ok(_))) => Ok(()),
            Ok(Ok(Err((error, _)))) => Err(error.into()),
            Ok(Err(_)) | Err(_) => Err(late()),
        }
    }

    pub(super) async fn append(&self, events: &[NewEvent]) -> Result<Vec<bool>, EventLogError> {
        let sent = self.lock().send(&self.settings, events)?;
        let waiting = join_all(sent.iter().flatten().cloned());
        // Whether it is late is seen by each delivery.
        let _ = timeout(PATIENCE, waiting).await;
        let mut behind = HashSet::new();
        let durable: Vec<bool> = events
            .iter()
            .zip(sent)
            .map(|(event, delivery)| {
                let delivered = delivery.and_then(FutureExt::now_or_never) == Some(true);
                if !delivered {
                    behind.insert(event.room_id);
                }
                delivered && !behind.contains(&event.room_id)
            })
            .collect();
        self.lock().settle();
        if durable.contains(&true) || events.is_empty() {
            Ok(durable)
        } else {
            Err(late())
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn late() -> EventLogError {
    EventLogError::Unavailable("kafka has not acknowledged in time".to_owned())
}

fn config(settings: &KafkaSettings) -> ClientConfig {
    let mut config = client::config(settings);
    config
        .set("enable.idempotence", "true")
        .set("acks", "all")
        // An event that Kafka refuses for good stops the producer instead of letting later ones of its room pass.
        .set("enable.gapless.guarantee", "true")
        .set("message.timeout.ms", "0")
        .set("linger.ms", "1")
        .set("partitioner", "murmur2_random")
        .set("compression.type", "lz4")
        .set("queue.buffering.max.messages", "100000")
        .set("queue.buffering.max.kbytes", "65536");
    config
}
