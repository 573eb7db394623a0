//! The address of Kafka, how its connections are protected, and the settings of its topics.

use std::path::PathBuf;

use colloquy_chassis::{Secret, SettingNames, store_address::optional_file};
use colloquy_contracts::Topic;
use serde::Deserialize;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How to reach Kafka, and what to make of topics that are missing. A topic that exists stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSettings {
    /// `host:port` of one or more brokers, separated by commas.
    pub brokers: String,
    /// Partitions of each topic. Never changed once the topics exist: a room would move to another partition.
    pub partitions: i32,
    /// How long the write topics keep a record; -1 is for ever (decision 15).
    pub write_retention_ms: i64,
    /// How long the announced topics keep a record; -1 is for ever.
    pub announced_retention_ms: i64,
    /// Goes before the name of every topic and group, so that several systems can share one Kafka.
    pub topic_prefix: String,
    /// How connections are protected.
    pub security_protocol: SecurityProtocol,
    /// The authorities whose signature on the certificate of a broker is believed, in PEM; without it, those of this
    /// machine.
    #[serde(deserialize_with = "optional_file")]
    pub ca_file: Option<PathBuf>,
    /// The certificate that the brokers know us by, in PEM.
    #[serde(deserialize_with = "optional_file")]
    pub cert_file: Option<PathBuf>,
    /// The private key of that certificate.
    #[serde(deserialize_with = "optional_file")]
    pub key_file: Option<PathBuf>,
    /// How we log in.
    pub sasl_mechanism: SaslMechanism,
    /// The user of the login.
    pub username: String,
    /// The password of the login.
    pub password: Secret,
}

/// How connections are protected. A login without TLS is not offered: its password could be read on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityProtocol {
    /// Plain.
    Plaintext,
    /// TLS, where a certificate of ours may be the login.
    Ssl,
    /// TLS and a login with a password.
    SaslSsl,
}

/// How a password is shown to a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum SaslMechanism {
    /// As it is.
    #[serde(rename = "PLAIN")]
    Plain,
    /// By a proof that does not reveal it.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// The same with the longer hash.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl KafkaSettings {
    /// The defaults, for brokers at an address.
    #[must_use]
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            partitions: 6,
            write_retention_ms: -1,
            announced_retention_ms: DAY_MS,
            topic_prefix: String::new(),
            security_protocol: SecurityProtocol::Plaintext,
            ca_file: None,
            cert_file: None,
            key_file: None,
            sasl_mechanism: SaslMechanism::ScramSha512,
            username: String::new(),
            password: Secret::default(),
        }
    }

    /// The names of the settings that a person looks at when a broker and we refuse each other.
    #[must_use]
    pub fn names() -> SettingNames {
        SettingNames {
            address: "event_log.brokers".to_owned(),
            login: "event_log.username".to_owned(),
            tls: "event_log.security_protocol".to_owned(),
            ..SettingNames::with_url("event_log")
        }
    }

    /// What Kafka calls a topic or a group.
    pub(super) fn prefixed(&self, name: &str) -> String {
        format!("{}{name}", self.topic_prefix)
    }

    /// The topic that Kafka calls by this name.
    pub(super) fn topic(&self, name: &str) -> Option<Topic> {
        name.strip_prefix(&self.topic_prefix)?.parse().ok()
    }
}

impl SecurityProtocol {
    /// The name that Kafka has for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslSsl => "sasl_ssl",
        }
    }
}

impl SaslMechanism {
    /// The name that Kafka has for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}
