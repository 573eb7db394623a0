//! The thread that hands out deliveries.
//!
//! rdkafka's own producer polls ten times a second, and spins through the last, incomplete millisecond of each poll: a
//! hundredth of a core in a process that sends nothing. A delivery ends a poll's wait whenever it comes, so the wait may
//! be long.

use std::{sync::Arc, thread, time::Duration};

use rdkafka::{
    ClientConfig,
    config::FromClientConfigAndContext as _,
    error::KafkaError,
    message::OwnedHeaders,
    producer::{BaseProducer, BaseRecord, DeliveryResult, ProducerContext},
};
use tokio::sync::oneshot;

use super::client::Reporter;

/// The longest wait of one poll, and how long the thread outlives the producer that it serves.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Receives the outcome of a delivery.
type ReplyTo = Box<oneshot::Sender<Result<(), KafkaError>>>;

impl ProducerContext for Reporter {
    type DeliveryOpaque = ReplyTo;

    fn delivery(&self, result: &DeliveryResult<'_>, reply_to: ReplyTo) {
        let outcome = match result {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(error.clone()),
        };
        let _ = reply_to.send(outcome);
    }
}

/// Gives a record to the producer, which does not wait for Kafka.
///
/// # Errors
/// It does not take the record.
pub(super) fn send(
    producer: &BaseProducer<Reporter>,
    topic: &str,
    key: &str,
    payload: &[u8],
    headers: Option<OwnedHeaders>,
) -> Result<oneshot::Receiver<Result<(), KafkaError>>, KafkaError> {
    let (reply_to, delivery) = oneshot::channel();
    let mut record = BaseRecord::with_opaque_to(topic, Box::new(reply_to))
        .key(key)
        .payload(payload);
    record.headers = headers;
    producer.send(record).map_err(|(error, _)| error)?;
    Ok(delivery)
}

/// A producer whose deliveries a thread of its own hands out. That thread is also the last to hold it, because dropping it
/// takes long while Kafka is away.
///
/// # Errors
/// The settings are refused, or the thread cannot be started.
pub(super) fn producer(config: &ClientConfig) -> Result<Arc<BaseProducer<Reporter>>, KafkaError> {
    let producer = Arc::new(BaseProducer::from_config_and_context(
        config,
        Reporter::default(),
    )?);
    let served: Arc<BaseProducer<Reporter>> = Arc::clone(&producer);
    thread::Builder::new()
        .name("kafka-deliver".to_owned())
        .spawn(move || {
            while Arc::strong_count(&served) > 1 {
                served.poll(POLL_INTERVAL);
            }
        })
        .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
    Ok(producer)
}
