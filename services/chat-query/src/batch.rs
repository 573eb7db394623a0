//! A batch of records on its way into the views: read, folded room by room, and what is broken set aside. Pure.

mod folded;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use colloquy_chassis::answer::chain;
use colloquy_contracts::{RoomId, Timestamp, events::WriteEvent};
use colloquy_event_log::{Record, write_event};

use self::folded::Folded;
use crate::{
    parked::ParkedEvent,
    room_state::RoomState,
    view_store::{Position, ViewWrite},
};

/// What was read from the log and is not stored yet.
#[derive(Debug)]
pub struct Batch {
    arrived: Vec<Arrived>,
    parked: Vec<ParkedEvent>,
    position: Option<Position>,
    now: Timestamp,
}

#[derive(Debug)]
struct Arrived {
    record: Record,
    event: WriteEvent,
}

impl Batch {
    /// Reads records in their turn; what cannot be read is set aside.
    #[must_use]
    pub fn read(group: &'static str, records: &[Record], now: Timestamp) -> Self {
        let offset = records.iter().map(|record| record.offset).max();
        let offset = offset.unwrap_or_default();
        Self {
            position: Some(Position { group, offset }),
            ..Self::read_again(records, now)
        }
    }

    /// Reads records that a group has read or will read in its turn: its position stays.
    #[must_use]
    pub fn read_again(records: &[Record], now: Timestamp) -> Self {
        let mut batch = Self {
            arrived: Vec::with_capacity(records.len()),
            parked: Vec::new(),
            position: None,
            now,
        };
        for record in records {
            match write_event::read(record) {
                Ok(event) => batch.arrived.push(Arrived {
                    record: record.clone(),
                    event,
                }),
                Err(broken) => batch.park(record, chain(&broken)),
            }
        }
        batch
    }

    /// The position behind the batch, if it was read in its turn.
    #[must_use]
    pub fn position(&self) -> &Option<Position> {
        &self.position
    }

    /// What was set aside so far.
    #[must_use]
    pub fn parked(&self) -> &[ParkedEvent] {
        &self.parked
    }

    /// The rooms it is about.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomId> {
        let rooms: BTreeSet<_> = self.arrived.iter().map(|one| one.event.room_id()).collect();
        rooms.into_iter().collect()
    }

    /// The rooms of messages, by their place in [`ViewWrite::messages`].
    #[must_use]
    pub fn rooms_of(&self, places: &[usize]) -> BTreeSet<RoomId> {
        let is_message = |one: &&Arrived| matches!(one.event, WriteEvent::MessageSent(_));
        let messages = self.arrived.iter().filter(is_message).enumerate();
        messages
            .filter(|(place, _)| places.contains(place))
            .map(|(_, message)| message.event.room_id())
            .collect()
    }

    /// Takes the events of these rooms out into a batch of their own, which has the position: it is to be stored after
    /// the rest.
    #[must_use]
    pub fn split_off(&mut self, rooms: &BTreeSet<RoomId>) -> Self {
        let arrived = std::mem::take(&mut self.arrived).into_iter();
        let (apart, rest) = arrived.partition(|one| rooms.contains(&one.event.room_id()));
        self.arrived = rest;
        Self {
            arrived: apart,
            parked: Vec::new(),
            position: self.position.take(),
            now: self.now,
        }
    }

    /// Takes back what was split off. That rooms now stand in another order changes nothing.
    pub fn join(&mut self, apart: Self) {
        self.arrived.extend(apart.arrived);
        self.parked.extend(apart.parked);
        self.position = apart.position;
    }

    /// Folds the events into the rooms as they are stored; an event that contradicts its room is set aside.
    pub fn fold(&mut self, mut stored: HashMap<RoomId, RoomState>) -> ViewWrite {
        let mut rooms: BTreeMap<RoomId, Folded> = BTreeMap::new();
        let mut messages = Vec::new();
        for arrived in std::mem::take(&mut self.arrived) {
            let id = arrived.event.room_id();
            let room = rooms.entry(id).or_insert_with(|| {
                Folded::from(stored.remove(&id).unwrap_or_else(|| RoomState::unknown(id)))
            });
            match room.apply(&arrived.record, &arrived.event) {
                Ok(()) => {
                    if let WriteEvent::MessageSent(message) = &arrived.event {
                        messages.push(message.clone());
                    }
                    self.arrived.push(arrived);
                }
                Err(contradiction) => self.park(&arrived.record, contradiction.to_string()),
            }
        }
        ViewWrite {
            messages,
            markers: rooms.values().flat_map(Folded::markers).collect(),
            announcements: rooms.values().flat_map(Folded::announcements).collect(),
            rooms: rooms
                .into_values()
                .filter_map(Folded::into_changed)
                .collect(),
            parked: self.parked.clone(),
            position: self.position.clone(),
        }
    }

    /// Sets messages aside by their place in [`ViewWrite::messages`].
    pub fn park_messages(&mut self, places: &[usize], reason: &str) {
        let mut place = 0;
        for arrived in std::mem::take(&mut self.arrived) {
            let is_message = matches!(arrived.event, WriteEvent::MessageSent(_));
            if is_message && places.contains(&place) {
                self.park(&arrived.record, reason.to_owned());
            } else {
                self.arrived.push(arrived);
            }
            place += usize::from(is_message);
        }
    }

    /// Sets all events of a room aside.
    pub fn park_room(&mut self, room: RoomId, reason: &str) {
        for arrived in std::mem::take(&mut self.arrived) {
            if arrived.event.room_id() == room {
                self.park(&arrived.record, reason.to_owned());
            } else {
                self.arrived.push(arrived);
            }
        }
    }

    fn park(&mut self, record: &Record, reason: String) {
        let parked = ParkedEvent::new(record, reason, self.now);
        tracing::warn!(
            log.topic = %record.topic, log.partition = record.partition, log.offset = record.offset,
            reason = parked.headline(), "an event is set aside"
        );
        metrics::counter!("colloquy_query_events_parked_total", "topic" => record.topic.name())
            .increment(1);
        self.parked.push(parked);
    }
}

#[cfg(test)]
mod tests {
    use colloquy_contracts::{
        CustomerId, MessageId, Seq,
        events::{ChatMessageSent, ChatRoomCreated, Participant, ReadMarkerUpdated},
    };

    use super::*;

    const CREATOR: CustomerId = CustomerId(1);
    const MEMBER: CustomerId = CustomerId(2);

    fn room_created(name: &str) -> WriteEvent {
        let at = Timestamp::from_millis(1);
        WriteEvent::RoomCreated(ChatRoomCreated {
            room_id: RoomId(1),
            room_name: name.into(),
            created_by: CREATOR,
            created_at: at,
            participants: [CREATOR, MEMBER]
                .map(|id| Participant {
                    id,
                    full_name: String::new(),
                    joined_at: at,
                })
                .into(),
        })
    }

    fn message_sent(id: i64) -> WriteEvent {
        WriteEvent::MessageSent(ChatMessageSent {
            message_id: MessageId(id),
            room_id: RoomId(1),
            sender_id: CREATOR,
            sender_full_name: String::new(),
            content: "hello".into(),
            sent_at: Timestamp::from_millis(id),
            seq: Seq(id),
            client_key: None,
        })
    }

    fn marker_moved(id: i64) -> WriteEvent {
        WriteEvent::ReadMarkerUpdated(ReadMarkerUpdated {
            room_id: RoomId(1),
            customer_id: MEMBER,
            last_read_message_id: MessageId(id),
        })
    }

    fn batch(events: &[(WriteEvent, bool)]) -> Batch {
        let records: Vec<_> = (1..)
            .zip(events)
            .map(|(offset, (event, replayed))| Record {
                topic: event.topic(),
                partition: 0,
                offset,
                key: event.room_id().to_string(),
                event_id: event.event_id(),
                payload: event.to_json().into(),
                replayed: *replayed,
                version: None,
                traceparent: None,
            })
            .collect();
        Batch::read("group", &records, Timestamp::from_millis(5))
    }

    fn told(write: &ViewWrite) -> Vec<&str> {
        let ids = write.announcements.iter();
        ids.map(|one| one.event_id.as_str()).collect()
    }

    #[test]
    fn a_room_is_told_once_a_batch_as_it_is_after_it() {
        let events = [room_created("Room"), message_sent(1), message_sent(2)];
        let write = batch(&events.map(|event| (event, false))).fold(HashMap::new());
        assert_eq!(told(&write), ["room-updated:message:2"]);
        let view = write.rooms[0].view().unwrap();
        assert_eq!(
            write.announcements[0].payload,
            serde_json::to_vec(&view).unwrap()
        );
        assert_eq!(
            write.announcements[0].version,
            Some(write.rooms[0].progress())
        );
        assert_eq!(write.position.unwrap().offset, 3);
    }

    #[test]
    fn contract_6_what_is_told_has_the_traceparent_of_its_last_cause() {
        let mut batch = batch(
            &[
                room_created("Room"),
                message_sent(1),
                message_sent(2),
                marker_moved(2),
            ]
            .map(|event| (event, false)),
        );
        for (arrived, number) in batch.arrived.iter_mut().zip(1..) {
            let trace = format!("00-{number:032x}-{number:016x}-01");
            arrived.record.traceparent = trace.parse().ok();
        }
        let told = batch.fold(HashMap::new()).announcements.into_iter();
        let told: Vec<_> = told
            .map(|one| (one.event_id, one.traceparent.unwrap().to_string()))
            .collect();
        let expected = [
            ("room-updated:message:2", 3),
            ("read-status:marker:1:2:2", 4),
        ]
        .map(|(id, number)| (id.to_owned(), format!("00-{number:032x}-{number:016x}-01")));
        assert_eq!(told, expected);
    }

    #[test]
    fn decision_13_a_flag_is_told_when_a_marker_changes_it_as_it_is_after_the_batch() {
        let events = [
            room_created("Room"),
            message_sent(1),
            marker_moved(1),
            message_sent(2),
        ];
        let write = batch(&events.map(|event| (event, false))).fold(HashMap::new());
        assert_eq!(
            told(&write),
            ["room-updated:message:2", "read-status:marker:1:2:1"]
        );
        assert!(
            write.announcements[1]
                .payload
                .ends_with(b"\"isUnread\":true}")
        );
        let progress = Some(write.rooms[0].progress());
        assert_eq!(write.announcements[1].version, progress);

        let stored = HashMap::from([(RoomId(1), write.rooms[0].clone())]);
        let still_unread = ReadMarkerUpdated {
            room_id: RoomId(1),
            customer_id: CREATOR,
            last_read_message_id: MessageId(1),
        };
        let write = batch(&[(WriteEvent::ReadMarkerUpdated(still_unread), false)]).fold(stored);
        assert_eq!(told(&write), [""; 0]);
        assert_eq!(write.markers.len(), 1);
    }

    #[test]
    fn decision_14_what_is_replayed_is_not_the_cause_of_anything_told() {
        let mut mixed = batch(&[
            (room_created("Room"), false),
            (message_sent(1), true),
            (marker_moved(1), true),
        ]);
        assert_eq!(told(&mixed.fold(HashMap::new())), ["room-updated:room:1"]);
    }

    #[test]
    fn decision_8_a_room_that_began_otherwise_is_set_aside_alone() {
        let events = [
            room_created("Room"),
            room_created("Another"),
            message_sent(1),
        ];
        let mut batch = batch(&events.map(|event| (event, false)));
        for _ in 0..2 {
            let write = batch.fold(HashMap::new());
            assert_eq!(write.parked.len(), 1);
            assert_eq!(write.parked[0].place.offset, 2);
            assert_eq!(write.rooms[0].view().unwrap().room_name, "Room");
            assert_eq!(write.messages.len(), 1);
        }
    }
}
