//! The configuration that all our Kafka clients share.

use std::{path::Path, time::Duration};

use rdkafka::{
    ClientConfig, ClientContext,
    consumer::{BaseConsumer, ConsumerContext, Rebalance},
    error::KafkaError,
    topic_partition_list::TopicPartitionList,
};
use tokio::{sync::watch, task::spawn_blocking};

use super::settings::{KafkaSettings, SecurityProtocol};
use crate::event_log::EventLogError;

/// How long one request to a broker may take.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(4);
const FETCH_WAIT_MS: &str = "500";

/// Reports what a client notices on its own. A broker that is away is a warning: the client comes back by itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Reporter {
    /// Whether a rebalance has assigned partitions to this client.
    pub(super) assigned: watch::Sender<bool>,
}

impl ClientContext for Reporter {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "a kafka client reports an error");
    }
}

impl ConsumerContext for Reporter {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(_) = rebalance {
            self.assigned.send_replace(true);
        }
    }

    fn commit_callback(&self, result: Result<(), KafkaError>, _: &TopicPartitionList) {
        if let Err(error) = result {
            tracing::debug!(%error, "kafka did not commit a position");
        }
    }
}

pub(super) fn config(settings: &KafkaSettings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("client.id", "colloquy")
        // A broker would make a topic that is missing by its own settings; ours are made by `topics::prepare`.
        .set("allow.auto.create.topics", "false")
        // A broker that is back is used within a second, and one that went silent is left.
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        .set("socket.timeout.ms", "6000")
        .set("socket.keepalive.enable", "true")
        .set("socket.nagle.disable", "true");
    protect(&mut config, settings);
    config
}

/// A broker's certificate has to name the host that we call, which is librdkafka's default.
fn protect(config: &mut ClientConfig, settings: &KafkaSettings) {
    let protocol = settings.security_protocol;
    config.set("security.protocol", protocol.name());
    if protocol == SecurityProtocol::Plaintext {
        return;
    }
    let path = |file: &Path| file.display().to_string();
    // OpenSSL is linked into the binary, and does not know where this machine keeps its authorities.
    let ca = settings.ca_file.as_deref();
    config.set("ssl.ca.location", ca.map_or("probe".to_owned(), path));
    if let (Some(cert), Some(key)) = (&settings.cert_file, &settings.key_file) {
        config
            .set("ssl.certificate.location", path(cert))
            .set("ssl.key.location", path(key));
    }
    if protocol == SecurityProtocol::SaslSsl {
        config
            .set("sasl.mechanism", settings.sasl_mechanism.name())
            .set("sasl.username", &settings.username)
            .set("sasl.password", settings.password.reveal());
    }
}

/// The configuration of readers, with or without a group. Only [`GroupReader::commit`](crate::GroupReader::commit) commits
/// the offset of a record that was handed out (invariant 4).
pub(super) fn reader(settings: &KafkaSettings, group: &str) -> ClientConfig {
    let mut config = config(settings);
    config
        .set("group.id", settings.prefixed(group))
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // The broker answers a fetch as soon as one record is there, and holds it for so long while there is none. A
        // client has one fetch under way at each broker, and the broker answers what else comes on that connection after
        // it: a partition that is new to the client, a seek, or a question for watermarks waits for up to this. Commits
        // and heart-beats do not, because a group's coordinator has a connection of its own.
        .set("fetch.min.bytes", "1")
        .set("fetch.wait.max.ms", FETCH_WAIT_MS)
        // Prefetched records are bounded by memory; a full queue is looked at again at once, so that a rebuild that
        // is faster than the network does not wait a second for each refill.
        .set("queued.max.messages.kbytes", "16384")
        .set("fetch.queue.backoff.ms", "5");
    config
}

/// Runs a call of librdkafka that blocks its thread.
pub(super) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, EventLogError> + Send + 'static,
) -> Result<T, EventLogError> {
    spawn_blocking(call)
        .await
        .unwrap_or_else(|died| Err(EventLogError::Unavailable(died.to_string())))
}
