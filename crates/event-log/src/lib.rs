//! The log between the write side and its readers: a port, an embedded adapter, a Kafka adapter, and the
//! conformance suite that both pass.

#![deny(missing_docs)]

pub mod event_log;
mod retry;
pub mod write_event;

pub use event_log::embedded::{EmbeddedLog, SqliteOutbox};
pub use event_log::kafka::{
    AwaitedLog, KafkaLog, KafkaSettings, KafkaSurvey, SaslMechanism, SecurityProtocol, TopicFacts,
};
pub use event_log::{
    AuditTrail, EventLog, EventLogError, GroupProgress, GroupReader, NewEvent, Progress, Record,
    Rewound, TailReader, TrailReader,
};
pub use retry::append_with_retry;
