//! What a batch does, decided without touching the store: adapters load what the batch needs to know, and write what
//! is decided here. So the rules exist once, and both stores keep the same ones.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use colloquy_chassis::trace_context::TraceParent;
use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Seq, Timestamp,
    events::{ChatMessageSent, ChatRoomCreated, ReadMarkerUpdated, WriteEvent},
};
use colloquy_event_log::NewEvent;
use serde::de::DeserializeOwned;

use super::{Accepted, Command, NewMarker, NewMessage, NewRoom, Recorded, Refusal, Submission};

/// The scope of an idempotency key: one customer, one route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct KeyScope {
    pub customer: CustomerId,
    pub route: &'static str,
    pub key: String,
}

/// The command that an idempotency key was used for, and its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IdempotencyRecord {
    pub fingerprint: String,
    pub recorded: Recorded,
    pub at: Timestamp,
}

/// The rooms, members, messages and keys that a batch names, as they are in the store.
#[derive(Debug, Default)]
pub(super) struct BatchState {
    pub keys: HashMap<KeyScope, IdempotencyRecord>,
    pub rooms: HashMap<RoomId, Last>,
    /// The read marker of each member; `None` while it was never moved.
    pub members: HashMap<(RoomId, CustomerId), Option<MessageId>>,
    pub messages: HashSet<(RoomId, MessageId)>,
}

/// The last message of a room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    /// The seq of its last message; 0 if there is none.
    pub seq: Seq,
    /// The instant at which it was sent.
    pub sent_at: Option<Timestamp>,
}

/// What a batch names. An adapter loads and locks these in this order, which is the lock order (decision 1).
#[derive(Debug, Default)]
pub(super) struct LockSet {
    pub keys: BTreeSet<KeyScope>,
    pub members: Vec<(RoomId, CustomerId)>,
    pub marked: Vec<(RoomId, MessageId)>,
    /// How many rooms and messages may need an id, at most.
    pub new: usize,
}

/// What is to be written, all of it or nothing.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub answers: Vec<Result<Accepted, Refusal>>,
    /// The events, in order; the rows of all tables and of the outbox are made of them.
    pub events: Vec<WriteEvent>,
    /// The trace context of the request that led to each event.
    traces: Vec<Option<TraceParent>>,
    /// The keys that this batch used.
    pub idempotency_records: Vec<(KeyScope, IdempotencyRecord)>,
}

impl LockSet {
    pub(super) fn of(batch: &[Submission]) -> Self {
        let mut locks = Self::default();
        for submission in batch {
            locks.keys.extend(submission.scope());
            let command = &submission.command;
            locks
                .members
                .extend(command.room().map(|room| (room, command.customer())));
            match command {
                Command::CreateRoom(_) | Command::SendMessage(_) => locks.new += 1,
                Command::MarkRead(marker) => {
                    locks.marked.push((marker.room_id, marker.message_id));
                }
            }
        }
        locks.members.sort_unstable();
        locks.members.dedup();
        locks
    }

    /// The records of keys as a store keeps them, each row with the place of its key in `keys`, from 0.
    pub(super) fn records(
        &self,
        rows: Vec<(i64, String, String, i64)>,
    ) -> Result<HashMap<KeyScope, IdempotencyRecord>, sqlx::Error> {
        let scopes: Vec<_> = self.keys.iter().collect();
        rows.into_iter()
            .map(|(place, fingerprint, recorded, at)| {
                let scope = usize::try_from(place)
                    .ok()
                    .and_then(|place| scopes.get(place))
                    .ok_or(sqlx::Error::RowNotFound)?;
                let record = IdempotencyRecord {
                    fingerprint,
                    recorded: serde_json::from_str(&recorded)
                        .map_err(|error| sqlx::Error::Decode(error.into()))?,
                    at: Timestamp::from_millis(at),
                };
                Ok(((*scope).clone(), record))
            })
            .collect()
    }

    /// The ids of the rooms, ascending.
    pub(super) fn rooms(&self) -> Vec<i64> {
        let mut rooms: Vec<_> = self.members.iter().map(|(room, _)| room.0).collect();
        rooms.dedup();
        rooms
    }
}

impl IdempotencyRecord {
    /// What was recorded, as a store keeps it.
    pub(super) fn recorded_json(&self) -> String {
        serde_json::to_string(&self.recorded).expect("an answer holds only strings and numbers")
    }
}

impl Submission {
    fn scope(&self) -> Option<KeyScope> {
        self.key.as_ref().map(|key| KeyScope {
            customer: self.command.customer(),
            route: self.command.route(),
            key: key.as_str().to_owned(),
        })
    }

    fn client_key(&self) -> Option<String> {
        let sender = self.command.customer();
        self.key.as_ref().map(|key| key.client_key(sender))
    }
}

impl Plan {
    /// Decides a batch, command by command, each on the state that the ones before it left. `ids` ascend, and are as many as
    /// [`LockSet`] asks for; rooms and messages share them, so that either's id says which is newer (decision 39).
    pub(super) fn make(
        batch: &[Submission],
        mut state: BatchState,
        mut ids: impl Iterator<Item = i64>,
    ) -> Self {
        let mut plan = Self::default();
        for submission in batch {
            let answer = plan.decide(submission, &mut state, &mut ids);
            plan.answers.push(answer);
            plan.traces.resize(plan.events.len(), submission.trace);
        }
        plan
    }

    fn decide(
        &mut self,
        submission: &Submission,
        state: &mut BatchState,
        ids: &mut impl Iterator<Item = i64>,
    ) -> Result<Accepted, Refusal> {
        let scope = submission.scope();
        if let Some(record) = scope.as_ref().and_then(|scope| state.keys.get(scope)) {
            if record.fingerprint != submission.command.fingerprint() {
                return Err(Refusal::KeyReused);
            }
            return Ok(Accepted {
                recorded: record.recorded.clone(),
                replayed: true,
            });
        }
        let at = submission.at;
        let recorded = match &submission.command {
            Command::CreateRoom(room) => {
                let id = ids.next().expect("an id was drawn for each new room");
                self.create_room(room, RoomId(id), at)
            }
            Command::SendMessage(message) => {
                let place = state.admit(message, at)?;
                let id = ids.next().expect("an id was drawn for each send");
                let client_key = submission.client_key();
                self.send_message(message, MessageId(id), place, client_key)
            }
            Command::MarkRead(marker) => {
                if state.advance(marker)? {
                    self.mark_read(marker);
                }
                Recorded::Marker
            }
        };
        if let Some(scope) = scope {
            let record = IdempotencyRecord {
                fingerprint: submission.command.fingerprint(),
                recorded: recorded.clone(),
                at,
            };
            state.keys.insert(scope.clone(), record.clone());
            self.idempotency_records.push((scope, record));
        }
        Ok(Accepted {
            recorded,
            replayed: false,
        })
    }

    fn create_room(&mut self, room: &NewRoom, room_id: RoomId, at: Timestamp) -> Recorded {
        self.events.push(WriteEvent::RoomCreated(ChatRoomCreated {
            room_id,
            room_name: room.name.as_str().to_owned(),
            created_by: room.created_by,
            created_at: at,
            participants: room.participants(at),
        }));
        Recorded::Room { room_id }
    }

    fn send_message(
        &mut self,
        message: &NewMessage,
        message_id: MessageId,
        (seq, sent_at): (Seq, Timestamp),
        client_key: Option<String>,
    ) -> Recorded {
        self.events.push(WriteEvent::MessageSent(ChatMessageSent {
            message_id,
            room_id: message.room_id,
            sender_id: message.sender_id,
            sender_full_name: message.sender_full_name.clone(),
            content: message.content.as_str().to_owned(),
            sent_at,
            seq,
            client_key,
        }));
        Recorded::Message {
            message_id,
            room_id: message.room_id,
            seq,
            sent_at,
        }
    }

    fn mark_read(&mut self, marker: &NewMarker) {
        self.events
            .push(WriteEvent::ReadMarkerUpdated(ReadMarkerUpdated {
                room_id: marker.room_id,
                customer_id: marker.customer_id,
                last_read_message_id: marker.message_id,
            }));
    }

    /// The new rooms.
    pub(super) fn rooms(&self) -> Vec<&ChatRoomCreated> {
        let mut rooms = Vec::new();
        for event in &self.events {
            if let WriteEvent::RoomCreated(room) = event {
                rooms.push(room);
            }
        }
        rooms
    }

    /// The messages, ascending by id.
    pub(super) fn messages(&self) -> Vec<&ChatMessageSent> {
        let mut messages = Vec::new();
        for event in &self.events {
            if let WriteEvent::MessageSent(message) = event {
                messages.push(message);
            }
        }
        messages
    }

    /// The last message of each room that was written in, ascending by room.
    pub(super) fn last_messages(&self) -> BTreeMap<RoomId, &ChatMessageSent> {
        let messages = self.messages().into_iter();
        messages.map(|message| (message.room_id, message)).collect()
    }

    /// The last position of each marker that moved.
    pub(super) fn markers(&self) -> BTreeMap<(RoomId, CustomerId), MessageId> {
        let marker = |event: &WriteEvent| match event {
            WriteEvent::ReadMarkerUpdated(marker) => Some((
                (marker.room_id, marker.customer_id),
                marker.last_read_message_id,
            )),
            _ => None,
        };
        self.events.iter().filter_map(marker).collect()
    }

    /// The rows of the outbox.
    pub(super) fn outgoing(&self) -> Vec<NewEvent> {
        let traced = |(event, traceparent): (&WriteEvent, &Option<TraceParent>)| NewEvent {
            traceparent: *traceparent,
            ..NewEvent::from(event)
        };
        self.events.iter().zip(&self.traces).map(traced).collect()
    }
}

impl Last {
    /// A room as a store keeps it.
    pub(super) fn from_columns((room, seq, sent_at): (i64, i64, Option<i64>)) -> (RoomId, Self) {
        let last = Self {
            seq: Seq(seq),
            sent_at: sent_at.map(Timestamp::from_millis),
        };
        (RoomId(room), last)
    }
}

impl BatchState {
    /// The next seq of the room and the instant of its message, for members only. A clock that was set back does not
    /// make a message older than the one before it (decision 39).
    fn admit(&mut self, message: &NewMessage, now: Timestamp) -> Result<(Seq, Timestamp), Refusal> {
        if !self
            .members
            .contains_key(&(message.room_id, message.sender_id))
        {
            return Err(Refusal::NotAMember);
        }
        let last = self
            .rooms
            .get_mut(&message.room_id)
            .ok_or(Refusal::NotAMember)?;
        let sent_at = last.sent_at.map_or(now, |before| before.max(now));
        last.seq.0 += 1;
        last.sent_at = Some(sent_at);
        Ok((last.seq, sent_at))
    }

    /// Whether the marker moves: never back (decision 13), and only to a message of that room. Message 0 stands for the
    /// beginning of a room: no message has that id. It moves the marker only while the room has no message.
    fn advance(&mut self, marker: &NewMarker) -> Result<bool, Refusal> {
        let current = self
            .members
            .get_mut(&(marker.room_id, marker.customer_id))
            .ok_or(Refusal::NotAMember)?;
        if marker.message_id == MessageId(0) {
            let room = self.rooms.get(&marker.room_id);
            if room.is_none_or(|room| room.seq > Seq(0)) {
                return Ok(false);
            }
        } else if !self.messages.contains(&(marker.room_id, marker.message_id)) {
            return Err(Refusal::MessageNotInRoom);
        }
        let moves = current.is_none_or(|current| current < marker.message_id);
        if moves {
            *current = Some(marker.message_id);
        }
        Ok(moves)
    }
}

/// Rows that a store answered as one JSON array.
pub(super) fn json_rows<R: DeserializeOwned>(array: &str) -> Result<Vec<R>, sqlx::Error> {
    serde_json::from_str(array).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// The members of a batch, as both stores answer them: room, customer, marker.
pub(super) fn members_from_rows(
    rows: Vec<(i64, i64, Option<i64>)>,
) -> HashMap<(RoomId, CustomerId), Option<MessageId>> {
    rows.into_iter()
        .map(|(room, customer, marker)| {
            ((RoomId(room), CustomerId(customer)), marker.map(MessageId))
        })
        .collect()
}

/// The marked messages that exist, as both stores answer them: room, message.
pub(super) fn messages_from_rows(rows: Vec<(i64, i64)>) -> HashSet<(RoomId, MessageId)> {
    rows.into_iter()
        .map(|(room, message)| (RoomId(room), MessageId(message)))
        .collect()
}
