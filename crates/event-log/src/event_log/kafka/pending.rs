//! A producer and what it has not yet delivered.
//!
//! `message.timeout.ms=0`: an event that was given to librdkafka stays in its queue until it is delivered, however
//! long Kafka is away, and everything given later for the same partition goes behind it. So a caller that stopped
//! waiting and tries again must not give the event a second time: it asks after the first delivery again. That keeps
//! the order, adds no repeat, and memory holds each event once.
//!
//! Behind an event that outlasted the timeout of its append nothing more is given to its partition: a partition that takes
//! nothing holds the events of a few calls, and cannot fill the queue that it shares with all others (decision 6).
//!
//! Only if a delivery fails for good is the queue given up: it is purged before the failed event is given to a new
//! producer, because what stood behind that event would otherwise overtake it. Requests of the old producer that are
//! still on the wire can only arrive as repeats: they carry on the sequence of the failed event, or are refused.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use colloquy_contracts::{RoomId, Topic};
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use rdkafka::{
    ClientConfig,
    error::KafkaError,
    producer::{BaseProducer, Producer as _, PurgeConfig},
    types::RDKafkaErrorCode,
};

use super::{client::Reporter, deliveries, partition, record, settings::KafkaSettings};
use crate::event_log::NewEvent;

/// Deliveries that are remembered. There are more only when no append asks for them any more, as when another relay has
/// taken over; the finished ones are forgotten then.
const MAX_REMEMBERED: usize = 10_000;

/// Resolves to whether the event is durable.
pub(super) type Delivery = Shared<BoxFuture<'static, bool>>;

/// Which event: its topic, its id, and whether it is a republication.
type Key = (Topic, String, bool);

/// Where events queue behind one another: a partition of a topic.
type Lane = (Topic, i32);

pub(super) struct Pending {
    config: ClientConfig,
    producer: Arc<BaseProducer<Reporter>>,
    given: HashMap<Key, Given>,
    broken: bool,
}

/// An event that the producer has.
#[derive(Clone)]
pub(super) struct Given {
    pub delivery: Delivery,
    /// An append has timed out waiting for it.
    pub is_late: bool,
    lane: Lane,
}

impl Given {
    fn is_under_way(&self) -> bool {
        self.delivery.clone().now_or_never().is_none()
    }
}

impl Pending {
    pub(super) fn new(config: ClientConfig) -> Result<Self, KafkaError> {
        Ok(Self {
            producer: deliveries::producer(&config)?,
            config,
            given: HashMap::new(),
            broken: false,
        })
    }

    pub(super) fn producer(&self) -> &Arc<BaseProducer<Reporter>> {
        &self.producer
    }

    /// Gives events to the producer in order, those excepted that it still has. `None` for an event that it did not
    /// take, or whose partition takes nothing, and for all later ones of that room.
    pub(super) fn send(
        &mut self,
        settings: &KafkaSettings,
        events: &[NewEvent],
    ) -> Result<Vec<Option<Given>>, KafkaError> {
        self.renew_if_broken()?;
        let stuck = self.stuck();
        let mut refused = HashSet::<RoomId>::new();
        let given = events
            .iter()
            .map(|event| {
                if refused.contains(&event.room_id) {
                    return None;
                }
                let given = self.send_one(settings, event, &stuck);
                if given.is_none() {
                    refused.insert(event.room_id);
                }
                given
            })
            .collect();
        Ok(given)
    }

    /// Ends an append: forgets what it answered as durable, and marks the rest as late.
    pub(super) fn answered(&mut self, events: &[NewEvent], durable: &[bool]) {
        for (event, durable) in events.iter().zip(durable) {
            let key = key(event);
            if *durable {
                self.given.remove(&key);
            } else if let Some(given) = self.given.get_mut(&key) {
                given.is_late = true;
            }
        }
        if self.given.len() > MAX_REMEMBERED {
            self.given.retain(|_, given| given.is_under_way());
        }
    }

    /// The partitions that take nothing: those of deliveries that are late and still under way.
    fn stuck(&self) -> HashSet<Lane> {
        let late = self.given.values().filter(|given| given.is_late);
        late.filter(|given| given.is_under_way())
            .map(|given| given.lane)
            .collect()
    }

    fn send_one(
        &mut self,
        settings: &KafkaSettings,
        event: &NewEvent,
        stuck: &HashSet<Lane>,
    ) -> Option<Given> {
        let key = key(event);
        if let Some(given) = self.given.get(&key) {
            return Some(given.clone());
        }
        let lane = (
            event.topic,
            partition::of(event.room_id, settings.partitions),
        );
        if stuck.contains(&lane) {
            return None;
        }
        let (topic, room) = (
            settings.prefixed(event.topic.name()),
            event.room_id.to_string(),
        );
        let headers = Some(record::headers(event));
        match deliveries::send(&self.producer, &topic, &room, &event.payload, headers) {
            Ok(delivery) => {
                let given = Given {
                    delivery: delivery
                        .map(|outcome| matches!(outcome, Ok(Ok(()))))
                        .boxed()
                        .shared(),
                    is_late: false,
                    lane,
                };
                self.given.insert(key, given.clone());
                Some(given)
            }
            Err(error) => {
                // A full queue empties itself, and an event that is too large affects no other.
                self.broken |= !matches!(
                    error.rdkafka_error_code(),
                    Some(RDKafkaErrorCode::QueueFull | RDKafkaErrorCode::MessageSizeTooLarge)
                );
                tracing::warn!(%error, event.id = event.event_id, "kafka's producer did not accept an event");
                None
            }
        }
    }

    fn renew_if_broken(&mut self) -> Result<(), KafkaError> {
        let failed = |given: &Given| given.delivery.clone().now_or_never() == Some(false);
        if !self.broken && !self.given.values().any(failed) {
            return Ok(());
        }
        tracing::warn!(
            pending = self.given.len(),
            "kafka's producer failed and is replaced"
        );
        self.producer
            .purge(PurgeConfig::default().queue().inflight());
        self.given.clear();
        self.producer = deliveries::producer(&self.config)?;
        self.broken = false;
        Ok(())
    }
}

fn key(event: &NewEvent) -> Key {
    (event.topic, event.event_id.clone(), event.replayed)
}
