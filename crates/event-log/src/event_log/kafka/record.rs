//! Events as Kafka records, and back.

use std::str::{self, FromStr};

use bytes::Bytes;
use rdkafka::{
    Message as _,
    message::{BorrowedMessage, Header, Headers as _, OwnedHeaders},
};

use super::settings::KafkaSettings;
use crate::event_log::{NewEvent, Record};

const EVENT_ID: &str = "event-id";
const EVENT_TYPE: &str = "event-type";
const REPLAYED: &str = "replayed";
const VERSION: &str = "version";
const TRACEPARENT: &str = "traceparent";

pub(super) fn headers(event: &NewEvent) -> OwnedHeaders {
    let mut headers = OwnedHeaders::new_with_capacity(5)
        .insert(header(EVENT_ID, &event.event_id))
        .insert(header(EVENT_TYPE, event.topic.name()));
    if event.replayed {
        headers = headers.insert(header(REPLAYED, "true"));
    }
    if let Some(version) = event.version {
        headers = headers.insert(header(VERSION, &version.to_string()));
    }
    if let Some(traceparent) = event.traceparent {
        headers = headers.insert(header(TRACEPARENT, &traceparent.to_string()));
    }
    headers
}

/// A record as it is. `None` if its topic is none of ours, which a reader that asked for ours never sees.
pub(super) fn read(settings: &KafkaSettings, message: &BorrowedMessage<'_>) -> Option<Record> {
    let mut record = Record {
        topic: settings.topic(message.topic())?,
        partition: message.partition(),
        offset: message.offset(),
        key: lossy(message.key()),
        event_id: String::new(),
        payload: Bytes::copy_from_slice(message.payload().unwrap_or_default()),
        replayed: false,
        version: None,
        traceparent: None,
    };
    for header in message
        .headers()
        .into_iter()
        .flat_map(|headers| headers.iter())
    {
        match header.key {
            EVENT_ID => record.event_id = lossy(header.value),
            REPLAYED => record.replayed = header.value == Some(b"true"),
            VERSION => record.version = parsed(header.value),
            TRACEPARENT => record.traceparent = parsed(header.value),
            _ => {}
        }
    }
    Some(record)
}

fn header<'a>(key: &'a str, value: &'a str) -> Header<'a, &'a str> {
    Header {
        key,
        value: Some(value),
    }
}

/// `None` if it is not what it should be. A node reads these of every record, so nothing is copied.
fn parsed<T: FromStr>(bytes: Option<&[u8]>) -> Option<T> {
    str::from_utf8(bytes?).ok()?.parse().ok()
}

fn lossy(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}
