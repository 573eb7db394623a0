//! A batch of records on its way into the views: decoded, folded room by room, and what is broken parked. Pure.

mod folded;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    mem::take,
};

use colloquy_chassis::answer::chain;
use colloquy_contracts::{RoomId, Timestamp, events::WriteEvent};
use colloquy_event_log::{Record, write_event};

use self::folded::Folded;
use crate::{
    meters,
    parked::ParkedEvent,
    room_state::RoomState,
    view_store::{GroupPosition, ViewWrite},
};

/// What was read from the log and is not saved yet.
#[derive(Debug)]
pub struct Batch {
    arrived: Vec<Arrived>,
    parked: Vec<ParkedEvent>,
    position: Option<GroupPosition>,
    now: Timestamp,
}

#[derive(Debug)]
struct Arrived {
    record: Record,
    event: WriteEvent,
}

impl Batch {
    /// Decodes records that a group reads in their turn; what cannot be decoded is parked.
    #[must_use]
    pub fn read(group: &'static str, records: &[Record], now: Timestamp) -> Self {
        let offset = records.iter().map(|record| record.offset).max();
        let offset = offset.unwrap_or_default();
        Self {
            position: Some(GroupPosition { group, offset }),
            ..Self::read_out_of_turn(records, now)
        }
    }

    /// Decodes records that the group reads in their turn another time: its position stays.
    #[must_use]
    pub fn read_out_of_turn(records: &[Record], now: Timestamp) -> Self {
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

    /// The group's position behind the batch, if it was read in its turn.
    #[must_use]
    pub fn position(&self) -> &Option<GroupPosition> {
        &self.position
    }

    /// What was parked so far.
    #[must_use]
    pub fn parked(&self) -> &[ParkedEvent] {
        &self.parked
    }

    /// When its events were recorded, as far as they say so themselves. Those that were published again do not count.
    pub fn recorded(&self) -> impl Iterator<Item = Timestamp> {
        let live = self.arrived.iter().filter(|one| !one.record.replayed);
        live.filter_map(|one| one.event.recorded_at())
    }

    /// The rooms of its events.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomId> {
        let rooms: BTreeSet<_> = self.arrived.iter().map(|one| one.event.room_id()).collect();
        rooms.into_iter().collect()
    }

    /// The rooms of messages, by their index in [`ViewWrite::messages`].
    #[must_use]
    pub fn rooms_of(&self, indexes: &[usize]) -> BTreeSet<RoomId> {
        let mut is_meant = by_index(indexes);
        let messages = self.arrived.iter().filter(|one| is_meant(&one.event));
        messages.map(|one| one.event.room_id()).collect()
    }

    /// Takes the events of these rooms out into a batch of their own, which has the position: it is to be saved after the
    /// rest.
    #[must_use]
    pub fn split_off(&mut self, rooms: &BTreeSet<RoomId>) -> Self {
        let is_theirs = |one: &mut Arrived| rooms.contains(&one.event.room_id());
        Self {
            arrived: self.arrived.extract_if(.., is_theirs).collect(),
            parked: Vec::new(),
            position: self.position.take(),
            now: self.now,
        }
    }

    /// Takes back what was split off. That rooms now stand in another order changes nothing.
    pub fn join(&mut self, rooms: Self) {
        self.arrived.extend(rooms.arrived);
        self.parked.extend(rooms.parked);
        self.position = rooms.position;
    }

    /// Folds the events into the rooms as they are stored; an event that contradicts its room is parked.
    pub fn fold(&mut self, mut stored: HashMap<RoomId, RoomState>) -> ViewWrite {
        let mut rooms: BTreeMap<RoomId, Folded> = BTreeMap::new();
        let mut messages = Vec::new();
        for arrived in take(&mut self.arrived) {
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

    /// Parks messages, by their index in [`ViewWrite::messages`].
    pub fn park_messages(&mut self, indexes: &[usize], reason: &str) {
        self.park_all(by_index(indexes), reason);
    }

    /// Parks all events of a room.
    pub fn park_room(&mut self, room: RoomId, reason: &str) {
        self.park_all(|event| event.room_id() == room, reason);
    }

    fn park_all(&mut self, mut is_broken: impl FnMut(&WriteEvent) -> bool, reason: &str) {
        let is_broken = |one: &mut Arrived| is_broken(&one.event);
        let broken: Vec<_> = self.arrived.extract_if(.., is_broken).collect();
        for one in broken {
            self.park(&one.record, reason.to_owned());
        }
    }

    fn park(&mut self, record: &Record, reason: String) {
        let parked = ParkedEvent::new(record, reason, self.now);
        tracing::warn!(
            log.topic = %record.topic, log.partition = record.partition, log.offset = record.offset,
            reason = parked.headline(), "an event is parked"
        );
        meters::count_parked(record.topic);
        self.parked.push(parked);
    }
}

/// Counts the messages among the events that it is asked about, and finds those with these indexes.
fn by_index(indexes: &[usize]) -> impl FnMut(&WriteEvent) -> bool {
    let mut next = 0;
    move |event| {
        let is_message = matches!(event, WriteEvent::MessageSent(_));
        let index = next;
        next += usize::from(is_message);
        is_message && indexes.contains(&index)
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

    fn announced(write: &ViewWrite) -> Vec<&str> {
        let ids = write.announcements.iter();
        ids.map(|one| one.event_id.as_str()).collect()
    }

    #[test]
    fn a_room_is_announced_once_a_batch_as_it_is_after_it() {
        let events = [room_created("Room"), message_sent(1), message_sent(2)];
        let write = batch(&events.map(|event| (event, false))).fold(HashMap::new());
        assert_eq!(announced(&write), ["room-updated:message:2"]);
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
    fn contract_6_an_announcement_has_the_traceparent_of_its_last_cause() {
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
        let announced = batch.fold(HashMap::new()).announcements.into_iter();
        let announced: Vec<_> = announced
            .map(|one| (one.event_id, one.traceparent.unwrap().to_string()))
            .collect();
        let expected = [
            ("room-updated:message:2", 3),
            ("read-status:marker:1:2:2", 4),
        ]
        .map(|(id, number)| (id.to_owned(), format!("00-{number:032x}-{number:016x}-01")));
        assert_eq!(announced, expected);
    }

    #[test]
    fn decision_13_a_flag_is_announced_when_a_marker_changes_it_as_it_is_after_the_batch() {
        let events = [
            room_created("Room"),
            message_sent(1),
            marker_moved(1),
            message_sent(2),
        ];
        let write = batch(&events.map(|event| (event, false))).fold(HashMap::new());
        assert_eq!(
            announced(&write),
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
        assert_eq!(announced(&write), [""; 0]);
        assert_eq!(write.markers.len(), 1);
    }

    #[test]
    fn decision_14_a_replayed_event_causes_no_announcement() {
        let mut mixed = batch(&[
            (room_created("Room"), false),
            (message_sent(1), true),
            (marker_moved(1), true),
        ]);
        assert_eq!(
            announced(&mixed.fold(HashMap::new())),
            ["room-updated:room:1"]
        );
    }

    #[test]
    fn decision_8_a_contradicting_room_created_event_is_parked_alone() {
        let events = [
            room_created("Room"),
            room_created("Another"),
            message_sent(1),
        ];
        let mut batch = batch(&events.map(|event| (event, false)));
        for _ in 0..2 {
            let write = batch.fold(HashMap::new());
            assert_eq!(write.parked.len(), 1);
            assert_eq!(write.parked[0].position.offset, 2);
            assert_eq!(write.rooms[0].view().unwrap().room_name, "Room");
            assert_eq!(write.messages.len(), 1);
        }
    }
}
