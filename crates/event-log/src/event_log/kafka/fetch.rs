//! Reading what a consumer has fetched.

use std::sync::Arc;

use futures_util::{FutureExt as _, StreamExt as _};
use rdkafka::{consumer::StreamConsumer, error::KafkaError, types::RDKafkaErrorCode};
use tokio::runtime::Handle;

use super::{client::Reporter, record, settings::KafkaSettings};
use crate::event_log::Record;

/// Reads a consumer in batches, and drops it without blocking.
pub(super) struct Fetcher {
    settings: Arc<KafkaSettings>,
    /// `None` only during the drop.
    consumer: Option<Arc<StreamConsumer<Reporter>>>,
    /// An error that came behind records, to be returned after them.
    pending_error: Option<KafkaError>,
}

impl Fetcher {
    pub(super) fn new(settings: Arc<KafkaSettings>, consumer: StreamConsumer<Reporter>) -> Self {
        Self {
            settings,
            consumer: Some(Arc::new(consumer)),
            pending_error: None,
        }
    }

    pub(super) fn consumer(&self) -> &Arc<StreamConsumer<Reporter>> {
        self.consumer
            .as_ref()
            .expect("the consumer is there until the drop")
    }

    /// Waits for one record, and takes with it those that are ready, up to `max`. Cancel-safe: the one wait is before
    /// the first record is taken.
    pub(super) async fn next(&mut self, max: usize) -> Result<Vec<Record>, KafkaError> {
        if let Some(error) = self.pending_error.take() {
            return Err(error);
        }
        let consumer = Arc::clone(self.consumer());
        let mut stream = consumer.stream();
        let mut records = Vec::new();
        while records.is_empty() {
            match stream.next().await.expect("a consumer's stream has no end") {
                Ok(first) => records.extend(record::read(&self.settings, &first)),
                Err(error) if passes_by_itself(&error) => {}
                Err(error) => return Err(error),
            }
        }
        while records.len() < max
            && let Some(Some(ready)) = stream.next().now_or_never()
        {
            match ready {
                Ok(message) => records.extend(record::read(&self.settings, &message)),
                Err(error) if passes_by_itself(&error) => {}
                Err(error) => {
                    self.pending_error = Some(error);
                    break;
                }
            }
        }
        Ok(records)
    }
}

/// A client that lost its brokers reconnects on its own, and its [`Reporter`] has logged it. It leaves one such error in the
/// queue for every try: to hand them out would keep a reader busy with an outage long after its end.
fn passes_by_itself(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::OperationTimedOut
        )
    )
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        // Leaving a group waits for an answer of the broker, which must not stop a thread that serves others.
        if let (Some(consumer), Ok(runtime)) = (self.consumer.take(), Handle::try_current()) {
            runtime.spawn_blocking(move || drop(consumer));
        }
    }
}
