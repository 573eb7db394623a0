//! The documents of each collection (contract §7) and the values that they stand for. Instants are BSON dates, which are
//! whole milliseconds; keys of maps are texts.

use std::collections::BTreeMap;

use ::mongodb::bson::{Binary, DateTime, spec::BinarySubtype};
use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Seq, Timestamp,
    topics::UnknownTopic,
    views::{LastMessage, MessageDocument},
};
use serde::{Deserialize, Serialize};

use crate::{
    parked::{LogPosition, ParkedEvent},
    room_state::{Created, RoomState},
    view_store::{Result, ViewStoreError},
};

/// A document of `chatRoomViews`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomDocument {
    #[serde(rename = "_id")]
    room_id: RoomId,
    version: i64,
    #[serde(flatten)]
    beginning: Option<Beginning>,
    updated_at: Option<DateTime>,
    last_message: Option<Last>,
    last_by_sender: BTreeMap<String, MessageId>,
    markers: BTreeMap<String, MessageId>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Beginning(#[serde(with = "CreatedFields")] Created);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Created", rename_all = "camelCase")]
struct CreatedFields {
    room_name: String,
    created_by: CustomerId,
    #[serde(with = "date")]
    created_at: Timestamp,
    #[serde(rename = "participantIds")]
    participants: Vec<CustomerId>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Last(#[serde(with = "LastMessageFields")] LastMessage);

#[derive(Serialize, Deserialize)]
#[serde(remote = "LastMessage", rename_all = "camelCase")]
struct LastMessageFields {
    message_id: MessageId,
    sender_id: CustomerId,
    content: String,
    #[serde(with = "date")]
    sent_at: Timestamp,
    seq: Seq,
}

/// A document of `messages`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredMessage {
    #[serde(rename = "_id")]
    pub id: MessageId,
    #[serde(flatten, with = "MessageFields")]
    pub message: MessageDocument,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "MessageDocument", rename_all = "camelCase")]
struct MessageFields {
    message_id: MessageId,
    room_id: RoomId,
    sender_id: CustomerId,
    sender_full_name: String,
    content: String,
    #[serde(with = "date")]
    sent_at: Timestamp,
    seq: Seq,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_key: Option<String>,
}

impl StoredMessage {
    /// Whether `repeat` is this message. One of a release without client keys is the same as its repeat that has one.
    pub fn is_repeated_by(&self, repeat: &MessageDocument) -> bool {
        let mut repeat = repeat.clone();
        if self.message.client_key.is_none() {
            repeat.client_key = None;
        }
        self.message == repeat
    }
}

impl From<&MessageDocument> for StoredMessage {
    fn from(message: &MessageDocument) -> Self {
        Self {
            id: message.message_id,
            message: message.clone(),
        }
    }
}

/// A document of `readMarkers`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarkerDocument {
    pub customer_id: CustomerId,
    pub last_read_message_id: MessageId,
}

/// A document of `parkedEvents`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedDocument {
    #[serde(rename = "_id")]
    id: String,
    topic: String,
    partition: i32,
    offset: i64,
    key: String,
    event_id: String,
    payload: Binary,
    reason: String,
    /// Documents of a release that did not store when an event was parked lack this field and the next.
    parked_at: Option<DateTime>,
    tries: Option<i64>,
}

impl RoomDocument {
    /// The document that replaces the one the room was loaded from; the first one of a room is above `first_version`.
    pub fn next(room: &RoomState, first_version: i64) -> Self {
        Self {
            room_id: room.room_id,
            version: room.version.max(first_version) + 1,
            beginning: room.created.clone().map(Beginning),
            updated_at: room.updated_at().map(date::from),
            last_message: room.last_message.clone().map(Last),
            last_by_sender: texts(&room.last_by_sender),
            markers: texts(&room.markers),
        }
    }
}

impl TryFrom<RoomDocument> for RoomState {
    type Error = ViewStoreError;

    fn try_from(room: RoomDocument) -> Result<Self> {
        Ok(Self {
            room_id: room.room_id,
            version: room.version,
            created: room.beginning.map(|beginning| beginning.0),
            last_message: room.last_message.map(|last| last.0),
            last_by_sender: ids(room.last_by_sender)?,
            markers: ids(room.markers)?,
        })
    }
}

impl From<&ParkedEvent> for ParkedDocument {
    fn from(event: &ParkedEvent) -> Self {
        Self {
            id: event.position.to_string(),
            topic: event.position.topic.name().to_owned(),
            partition: event.position.partition,
            offset: event.position.offset,
            key: event.key.clone(),
            event_id: event.event_id.clone(),
            payload: Binary {
                subtype: BinarySubtype::Generic,
                bytes: event.payload.to_vec(),
            },
            reason: event.reason.clone(),
            parked_at: Some(date::from(event.parked_at)),
            tries: Some(event.tries.into()),
        }
    }
}

impl TryFrom<ParkedDocument> for ParkedEvent {
    type Error = ViewStoreError;

    fn try_from(parked: ParkedDocument) -> Result<Self> {
        let topic = parked.topic.parse();
        let topic = topic.map_err(|error: UnknownTopic| ViewStoreError::Defect(error.into()))?;
        let parked_at = parked.parked_at.map_or(0, DateTime::timestamp_millis);
        let tries = parked.tries.and_then(|tries| tries.try_into().ok());
        Ok(Self {
            position: LogPosition {
                topic,
                partition: parked.partition,
                offset: parked.offset,
            },
            key: parked.key,
            event_id: parked.event_id,
            payload: parked.payload.bytes.into(),
            reason: parked.reason,
            parked_at: Timestamp::from_millis(parked_at),
            tries: tries.unwrap_or(1),
        })
    }
}

/// An instant as a BSON date.
mod date {
    use super::{DateTime, Deserialize, Serialize, Timestamp};

    pub fn from(instant: Timestamp) -> DateTime {
        DateTime::from_millis(instant.millis())
    }

    pub fn serialize<S: serde::Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        from(*at).serialize(to)
    }

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let date = DateTime::deserialize(from)?;
        Ok(Timestamp::from_millis(date.timestamp_millis()))
    }
}

fn texts(map: &BTreeMap<CustomerId, MessageId>) -> BTreeMap<String, MessageId> {
    let texts = map.iter().map(|(id, message)| (id.to_string(), *message));
    texts.collect()
}

fn ids(map: BTreeMap<String, MessageId>) -> Result<BTreeMap<CustomerId, MessageId>> {
    let defect = |error: std::num::ParseIntError| ViewStoreError::Defect(error.into());
    let ids = map
        .into_iter()
        .map(|(id, message)| Ok((id.parse().map_err(defect)?, message)));
    ids.collect()
}
