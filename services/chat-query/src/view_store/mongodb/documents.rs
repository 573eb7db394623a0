//! The documents of each collection (contract §7) and what they stand for. Instants are BSON dates, which are whole
//! milliseconds; keys of maps are texts.

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
    view_store::ViewStoreError,
};

/// A document of `chatRoomViews`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomDocument {
    #[serde(rename = "_id")]
    room_id: i64,
    version: i64,
    #[serde(flatten)]
    beginning: Option<Beginning>,
    updated_at: Option<DateTime>,
    last_message: Option<LastMessageDocument>,
    last_by_sender: BTreeMap<String, i64>,
    markers: BTreeMap<String, i64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Beginning {
    room_name: String,
    created_by: i64,
    created_at: DateTime,
    participant_ids: Vec<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LastMessageDocument {
    message_id: i64,
    sender_id: i64,
    content: String,
    sent_at: DateTime,
    seq: i64,
}

/// A document of `messages`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredMessage {
    #[serde(rename = "_id")]
    pub id: i64,
    message_id: i64,
    room_id: i64,
    sender_id: i64,
    sender_full_name: String,
    content: String,
    sent_at: DateTime,
    seq: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_key: Option<String>,
}

impl StoredMessage {
    /// Whether `repeat` is this message. One of a release without client keys is the same as its repeat that has one.
    pub fn is_repeated_by(&self, repeat: &Self) -> bool {
        let mut repeat = repeat.clone();
        if self.client_key.is_none() {
            repeat.client_key = None;
        }
        *self == repeat
    }
}

/// A document of `readMarkers`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarkerDocument {
    customer_id: i64,
    last_read_message_id: i64,
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
    /// Documents made before a parked event knew when and how often lack these.
    parked_at: Option<DateTime>,
    tries: Option<i64>,
}

impl RoomDocument {
    /// The document that replaces the one the room was loaded from; the first one of a room is above `first_version`.
    pub fn next(room: &RoomState, first_version: i64) -> Self {
        Self {
            room_id: room.room_id.0,
            version: room.version.max(first_version) + 1,
            beginning: room.created.as_ref().map(|created| Beginning {
                room_name: created.room_name.clone(),
                created_by: created.created_by.0,
                created_at: date(created.created_at),
                participant_ids: created.participants.iter().map(|id| id.0).collect(),
            }),
            updated_at: room.updated_at().map(date),
            last_message: room
                .last_message
                .as_ref()
                .map(|message| LastMessageDocument {
                    message_id: message.message_id.0,
                    sender_id: message.sender_id.0,
                    content: message.content.clone(),
                    sent_at: date(message.sent_at),
                    seq: message.seq.0,
                }),
            last_by_sender: texts(&room.last_by_sender),
            markers: texts(&room.markers),
        }
    }
}

impl TryFrom<RoomDocument> for RoomState {
    type Error = ViewStoreError;

    fn try_from(room: RoomDocument) -> Result<Self, ViewStoreError> {
        Ok(Self {
            room_id: RoomId(room.room_id),
            version: room.version,
            created: room.beginning.map(|beginning| Created {
                room_name: beginning.room_name,
                created_by: CustomerId(beginning.created_by),
                created_at: instant(beginning.created_at),
                participants: beginning
                    .participant_ids
                    .into_iter()
                    .map(CustomerId)
                    .collect(),
            }),
            last_message: room.last_message.map(|message| LastMessage {
                message_id: MessageId(message.message_id),
                sender_id: CustomerId(message.sender_id),
                content: message.content,
                sent_at: instant(message.sent_at),
                seq: Seq(message.seq),
            }),
            last_by_sender: ids(room.last_by_sender)?,
            markers: ids(room.markers)?,
        })
    }
}

impl From<&MessageDocument> for StoredMessage {
    fn from(message: &MessageDocument) -> Self {
        Self {
            id: message.message_id.0,
            message_id: message.message_id.0,
            room_id: message.room_id.0,
            sender_id: message.sender_id.0,
            sender_full_name: message.sender_full_name.clone(),
            content: message.content.clone(),
            sent_at: date(message.sent_at),
            seq: message.seq.0,
            client_key: message.client_key.clone(),
        }
    }
}

impl From<StoredMessage> for MessageDocument {
    fn from(message: StoredMessage) -> Self {
        Self {
            message_id: MessageId(message.message_id),
            room_id: RoomId(message.room_id),
            sender_id: CustomerId(message.sender_id),
            sender_full_name: message.sender_full_name,
            content: message.content,
            sent_at: instant(message.sent_at),
            seq: Seq(message.seq),
            client_key: message.client_key,
        }
    }
}

impl MarkerDocument {
    pub fn customer_id(&self) -> CustomerId {
        CustomerId(self.customer_id)
    }

    pub fn last_read(&self) -> MessageId {
        MessageId(self.last_read_message_id)
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
            parked_at: Some(date(event.parked_at)),
            tries: Some(event.tries.into()),
        }
    }
}

impl TryFrom<ParkedDocument> for ParkedEvent {
    type Error = ViewStoreError;

    fn try_from(parked: ParkedDocument) -> Result<Self, ViewStoreError> {
        let topic = parked.topic.parse();
        let topic = topic.map_err(|error: UnknownTopic| ViewStoreError::Defect(error.into()))?;
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
            parked_at: instant(parked.parked_at.unwrap_or(DateTime::from_millis(0))),
            tries: parked
                .tries
                .and_then(|tries| tries.try_into().ok())
                .unwrap_or(1),
        })
    }
}

fn date(instant: Timestamp) -> DateTime {
    DateTime::from_millis(instant.millis())
}

fn instant(date: DateTime) -> Timestamp {
    Timestamp::from_millis(date.timestamp_millis())
}

fn texts(map: &BTreeMap<CustomerId, MessageId>) -> BTreeMap<String, i64> {
    map.iter()
        .map(|(customer, message)| (customer.to_string(), message.0))
        .collect()
}

fn ids(map: BTreeMap<String, i64>) -> Result<BTreeMap<CustomerId, MessageId>, ViewStoreError> {
    map.into_iter()
        .map(|(customer, message)| {
            let customer = customer
                .parse()
                .map_err(|error: std::num::ParseIntError| ViewStoreError::Defect(error.into()))?;
            Ok((customer, MessageId(message)))
        })
        .collect()
}
