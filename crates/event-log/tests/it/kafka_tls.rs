//! Connections to Kafka that TLS protects, with each login. What is refused, and how that is said, is tested with the binary.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use bytes::Bytes;
use colloquy_contracts::{RoomId, Topic};
use colloquy_event_log::{
    EventLog as _, EventLogError, KafkaLog, KafkaSettings, NewEvent, SaslMechanism,
    SecurityProtocol,
};
use uuid::Uuid;

fn part(name: &str) -> String {
    std::env::var(name).expect("run the tests with `cargo xtask test`, which starts the real parts")
}

fn file(name: &str) -> Option<PathBuf> {
    Some(Path::new(&part("COLLOQUY_TEST_TLS")).join(name))
}

fn protected(brokers: &str, security_protocol: SecurityProtocol) -> KafkaSettings {
    KafkaSettings {
        security_protocol,
        ca_file: file("ca.pem"),
        partitions: 1,
        topic_prefix: format!("tls-{}-", Uuid::new_v4().simple()),
        ..KafkaSettings::new(part(brokers))
    }
}

/// Topics are made, and an event is acknowledged.
async fn takes_an_event(settings: KafkaSettings) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let log = loop {
        match KafkaLog::connect(settings.clone()).await {
            Ok(log) => break log,
            // A machine that runs many tests at once makes topics slowly.
            Err(EventLogError::Unavailable(_)) if Instant::now() < deadline => {}
            Err(error) => panic!("{error}"),
        }
    };
    let event = NewEvent {
        topic: Topic::WRITE[0],
        room_id: RoomId(1),
        event_id: "1".to_owned(),
        payload: Bytes::from_static(b"{}"),
        replayed: false,
        version: None,
        traceparent: None,
    };
    assert_eq!(log.append(&[event]).await.unwrap(), [true]);
}

#[tokio::test]
async fn a_password_goes_over_tls_by_each_mechanism() {
    for sasl_mechanism in [
        SaslMechanism::Plain,
        SaslMechanism::ScramSha256,
        SaslMechanism::ScramSha512,
    ] {
        let settings = protected("COLLOQUY_TEST_TLS_KAFKA", SecurityProtocol::SaslSsl);
        takes_an_event(KafkaSettings {
            sasl_mechanism,
            username: "colloquy".to_owned(),
            password: part("COLLOQUY_TEST_TLS_PASSWORD").into(),
            ..settings
        })
        .await;
    }
}

#[tokio::test]
async fn a_certificate_is_a_login() {
    let settings = protected("COLLOQUY_TEST_TLS_KAFKA_CERTIFIED", SecurityProtocol::Ssl);
    takes_an_event(KafkaSettings {
        cert_file: file("client.pem"),
        key_file: file("client.key"),
        ..settings
    })
    .await;
}
