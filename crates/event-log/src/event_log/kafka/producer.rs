//! Appends, and answers in bounded time.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt as _,
    stream::{FuturesUnordered, StreamExt as _},
};
use rdkafka::ClientConfig;
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    client, deliveries,
    pending::{Delivery, Pending},
    settings::KafkaSettings,
    topics::WARM_UP,
};
use crate::event_log::{EventLogError, NewEvent};

/// An append answers within this time (promise P6: ≤ 5 s); what it could not deliver is not durable yet.
const APPEND_TIMEOUT: Duration = Duration::from_millis(3_500);
/// Deliveries of one call come close behind one another; what is not there this long after the last one takes longer.
const IDLE_AFTER: Duration = Duration::from_millis(1_500);

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

    /// Delivers one record to a topic without readers. The first record of an idempotent producer takes 0.5–1 s.
    pub(super) async fn warm_up(&self) -> Result<(), EventLogError> {
        let topic = self.settings.prefixed(WARM_UP);
        let delivery = deliveries::send(self.lock().producer(), &topic, "", &[], None)?;
        match timeout(APPEND_TIMEOUT, delivery).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(error.into()),
            Ok(Err(_)) | Err(_) => Err(late()),
        }
    }

    /// Waits for what is given to Kafka now. A delivery that is late since an earlier call is only looked at: by then it is
    /// durable, or its room is to be tried again.
    pub(super) async fn append(&self, events: &[NewEvent]) -> Result<Vec<bool>, EventLogError> {
        let given = self.lock().send(&self.settings, events)?;
        let awaited = given.iter().flatten().filter(|given| !given.is_late);
        wait(awaited.map(|given| given.delivery.clone()).collect()).await;
        let mut behind = HashSet::new();
        let durable: Vec<bool> = events
            .iter()
            .zip(given)
            .map(|(event, given)| {
                let delivered = given.and_then(|given| given.delivery.now_or_never());
                if delivered != Some(true) {
                    behind.insert(event.room_id);
                }
                !behind.contains(&event.room_id)
            })
            .collect();
        self.lock().answered(events, &durable);
        if durable.contains(&true) || events.is_empty() {
            Ok(durable)
        } else {
            Err(late())
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for as many as come: one partition that takes nothing must not delay the answer about all others. The caller
/// looks at each delivery itself.
async fn wait(mut deliveries: FuturesUnordered<Delivery>) {
    let deadline = Instant::now() + APPEND_TIMEOUT;
    let mut until = deadline;
    while let Ok(Some(_)) = timeout_at(until, deliveries.next()).await {
        until = deadline.min(Instant::now() + IDLE_AFTER);
    }
}

fn late() -> EventLogError {
    EventLogError::Unavailable("kafka did not acknowledge in time".to_owned())
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
