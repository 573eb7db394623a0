//! Kafka: brokers, topics and their copies, and what the read side has not read yet.

use colloquy_chassis::ServiceName;
use colloquy_chat_query::projector::GROUP;
use colloquy_event_log::{EventLogError, KafkaSurvey, SecurityProtocol, TopicFacts};

use super::{
    events::{self, Readers},
    finding::Finding,
    store::{Hosts, MEND, tls, unreadable, why},
};
use crate::settings::Settings;

const REACH: &str = "kafka";
const TLS: &str = "kafka.tls";
const TOPICS: &str = "kafka.topics";
const REPLICAS: &str = "kafka.replicas";
const START: &str = "start it, or correct event_log.brokers";

pub async fn check(settings: &Settings, service: Option<ServiceName>) -> Vec<Finding> {
    use ServiceName::{ChatCommand, ChatQuery, Websocket};
    if service.is_some_and(|one| ![ChatCommand, ChatQuery, Websocket].contains(&one)) {
        return Vec::new();
    }
    let log = match settings.kafka() {
        Ok(log) => log,
        Err(error) => return vec![unreadable(REACH, &error)],
    };
    let hosts = Hosts::of(&log.brokers);
    let survey = match KafkaSurvey::of(&log, GROUP).await {
        Ok(survey) => survey,
        Err(EventLogError::LockedOut(why)) => {
            let found = format!("{hosts} is of no use: {why}");
            return vec![Finding::fail(REACH, found, MEND)];
        }
        Err(error) => {
            let found = format!("{hosts} does not answer: {}", why(&error));
            return vec![Finding::fail(REACH, found, START)];
        }
    };
    let remedy = "set event_log.security_protocol to \"ssl\" or \"sasl_ssl\"";
    let mut findings = vec![
        Finding::ok(REACH, format!("{} brokers at {hosts}", survey.brokers)),
        tls(
            TLS,
            &hosts,
            log.security_protocol != SecurityProtocol::Plaintext,
            remedy,
        ),
        topics(&survey.topics),
    ];
    if survey.topics.iter().any(|topic| topic.partitions > 0) {
        findings.push(replicas(&survey));
    }
    if survey.topics.iter().all(|topic| topic.partitions > 0) {
        findings.push(lag(settings, survey.members).await);
    }
    findings
}

fn topics(topics: &[TopicFacts]) -> Finding {
    let wrong = |topic: &&TopicFacts| {
        topic.is_of_writes && topic.partitions > 0 && topic.partitions != topic.wanted
    };
    if let Some(topic) = topics.iter().find(wrong) {
        return Finding::fail(
            TOPICS,
            format!(
                "{} has {} partitions and event_log.partitions says {}, so no service starts",
                topic.name, topic.partitions, topic.wanted
            ),
            format!("set event_log.partitions to {}", topic.partitions),
        );
    }
    let is_missing = |topic: &&TopicFacts| topic.partitions == 0;
    let missing: Vec<_> = topics
        .iter()
        .filter(is_missing)
        .map(|one| one.name.as_str())
        .collect();
    if missing.is_empty() {
        let partitions = topics.first().map_or(0, |topic| topic.partitions);
        let found = format!(
            "all {} are there, with {partitions} partitions",
            topics.len()
        );
        return Finding::ok(TOPICS, found);
    }
    Finding::warn(
        TOPICS,
        format!("not there yet: {}", missing.join(", ")),
        "`colloquy migrate` makes them, and so does the first service that may",
    )
}

/// The warm-up topic holds nothing that could be lost.
fn replicas(survey: &KafkaSurvey) -> Finding {
    let sum = |of: fn(&TopicFacts) -> usize| survey.topics.iter().map(of).sum::<usize>();
    let (leaderless, behind) = (sum(|topic| topic.without_leader), sum(|topic| topic.behind));
    let kept = survey
        .topics
        .split_last()
        .map_or(&[][..], |(_warm_up, kept)| kept);
    let made = kept.iter().filter(|topic| topic.partitions > 0);
    let least = made.map(|topic| topic.replicas).min().unwrap_or_default();
    let found = format!("each partition has {least} copies");
    if leaderless > 0 {
        return Finding::fail(
            REPLICAS,
            format!("{leaderless} partitions have no leader, so the rooms in them stand still"),
            "start the brokers that are away",
        );
    }
    if behind > 0 {
        return Finding::warn(
            REPLICAS,
            format!("{found}, and {behind} partitions lack one now"),
            "start the brokers that are away, or wait until they have caught up",
        );
    }
    if least == 1 && survey.brokers > 1 {
        return Finding::warn(
            REPLICAS,
            format!(
                "{found} though there are {} brokers, so one lost disk loses events",
                survey.brokers
            ),
            "raise the replication of the topics with Kafka's own tools",
        );
    }
    Finding::ok(REPLICAS, found)
}

async fn lag(settings: &Settings, members: usize) -> Finding {
    let readers = if members > 0 {
        Readers::Some
    } else {
        Readers::Missing
    };
    let ask = async || KafkaSurvey::progress(&settings.event_log, GROUP).await;
    events::lag(readers, ask).await.unwrap_or_else(|error| {
        let found = format!("the write topics cannot be read: {}", why(&error));
        Finding::fail(TOPICS, found, START)
    })
}
