//! A producer and what it has not yet delivered.
//!
//! `message.timeout.ms=0`: an event that was given to librdkafka stays in its queue until it is delivered, however
//! long Kafka is away, and everything given later for the same partition goes behind it. So a caller that stopped
//! waiting and tries again must not give the event a second time: it waits for the first delivery again. That keeps
//! the order, adds no repeat, and memory holds each event once.
//!
//! Only if a delivery fails for good is the queue given up: it is purged before the failed event is given to a new
//! producer, because what stood behind that event would otherwise overtake it. Requests of the old producer that are
//! still on the wire can only arrive as repeats: they carry on the sequence of the failed event, or are refused.

use std::collections::{HashMap, HashSet};

use colloquy_contracts::{RoomId, Topic};
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use rdkafka::{
    ClientConfig,
    config::FromClientConfigAndContext as _,
    error::KafkaError,
    producer::{FutureProducer, FutureRecord, Producer as _, PurgeConfig},
    types::RDKafkaErrorCode,
};

use super::{client::Reporter, record, settings::KafkaSettings};
use crate::event_log::NewEvent;

/// Resolves to whether the event is durable.
pub(super) type Delivery = Shared<BoxFuture<'static, bool>>;

/// Which event: its topic, its id, and whether it is a republication.
type Key = (Topic, String, bool);

pub(super) struct Pending {
    config: ClientConfig,
    producer: FutureProducer<Reporter>,
    deliveries: HashMap<Key, Delivery>,
    broken: bool,
}

impl Pending {
    pub(super) fn new(config: ClientConfig) -> Result<Self, KafkaError> {
        Ok(Self {
            producer: FutureProducer::from_config_and_context(&config, Reporter)?,
            config,
            deliveries: HashMap::new(),
            broken: false,
        })
    }

    pub(super) fn producer(&self) -> &FutureProducer<Reporter> {
        &self.producer
    }

    /// Gives events to the producer in order, those excepted that it still has. `None` for an event that it did not
    /// take, and for all later ones of that room.
    pub(super) fn send(
        &mut self,
        settings: &KafkaSettings,
        events: &[NewEvent],
    ) -> Result<Vec<Option<Delivery>>, KafkaError> {
        self.renew_if_broken()?;
        let mut refused = HashSet::<RoomId>::new();
        let deliveries = events
            .iter()
            .map(|event| {
                if refused.contains(&event.room_id) {
                    return None;
                }
                let delivery = self.send_one(settings, event);
                if delivery.is_none() {
                    refused.insert(event.room_id);
                }
                delivery
            })
            .collect();
        Ok(deliveries)
    }

    /// Forgets what was delivered.
    pub(super) fn settle(&mut self) {
        self.deliveries
            .retain(|_, delivery| delivery.clone().now_or_never() != Some(true));
    }

    fn send_one(&mut self, settings: &KafkaSettings, event: &NewEvent) -> Option<Delivery> {
        let key = (event.topic, event.event_id.clone(), event.replayed);
        if let Some(delivery) = self.deliveries.get(&key) {
            return Some(delivery.clone());
        }
        let (topic, room) = (
            settings.prefixed(event.topic.name()),
            event.room_id.to_string(),
        );
        let record = FutureRecord::to(&topic)
            .key(&room)
            .payload(event.payload.as_ref())
            .headers(record::headers(event));
        match self.producer.send_result(record) {
            Ok(delivery) => {
                let delivery = delivery
                    .map(|outcome| matches!(outcome, Ok(Ok(_))))
                    .boxed()
                    .shared();
                self.deliveries.insert(key, delivery.clone());
                Some(delivery)
            }
            Err((error, _)) => {
                // A full queue empties itself, and an event too large is nobody else's trouble.
                self.broken |= !matches!(
                    error.rdkafka_error_code(),
                    Some(RDKafkaErrorCode::QueueFull | RDKafkaErrorCode::MessageSizeTooLarge)
                );
                tracing::warn!(%error, event.id = event.event_id, "kafka's producer did not take an event");
                None
            }
        }
    }

    fn renew_if_broken(&mut self) -> Result<(), KafkaError> {
        let failed = |delivery: &Delivery| delivery.clone().now_or_never() == Some(false);
        if !self.broken && !self.deliveries.values().any(failed) {
            return Ok(());
        }
        tracing::warn!(
            pending = self.deliveries.len(),
            "kafka's producer failed and is made anew"
        );
        self.producer
            .purge(PurgeConfig::default().queue().inflight());
        self.deliveries.clear();
        self.producer = FutureProducer::from_config_and_context(&self.config, Reporter)?;
        self.broken = false;
        Ok(())
    }
}
