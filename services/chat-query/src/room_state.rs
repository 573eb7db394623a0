//! The state of one room, a value that is the same for every order of the room's events (decision 7).
//!
//! Each part is a maximum or is set once, so no event waits for another topic: a message or a marker that arrives before its
//! room is kept here until the room's creation arrives.

use std::collections::BTreeMap;

use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Timestamp,
    views::{ChatRoomView, LastMessage},
};
use serde::{Deserialize, Serialize};

/// A room as the read side knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomState {
    /// The room.
    pub room_id: RoomId,
    /// How the room began; `None` until that is known here.
    pub created: Option<Created>,
    /// The message with the highest id.
    pub last_message: Option<LastMessage>,
    /// For each sender, their message with the highest id.
    pub last_by_sender: BTreeMap<CustomerId, MessageId>,
    /// For each reader, the highest message they marked.
    pub markers: BTreeMap<CustomerId, MessageId>,
    /// How often the room was stored: 0 for one that never was. Stores keep it beside the state.
    #[serde(skip)]
    pub version: i64,
}

/// How a room began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The name as typed.
    pub room_name: String,
    /// The creator.
    pub created_by: CustomerId,
    /// When the room was created.
    pub created_at: Timestamp,
    /// All members, ascending, the creator included.
    pub participants: Vec<CustomerId>,
}

impl RoomState {
    /// A room of which nothing is known yet.
    #[must_use]
    pub fn unknown(room_id: RoomId) -> Self {
        Self {
            room_id,
            created: None,
            last_message: None,
            last_by_sender: BTreeMap::new(),
            markers: BTreeMap::new(),
            version: 0,
        }
    }

    /// The room as its members see it; `None` until it is known how it began.
    #[must_use]
    pub fn view(&self) -> Option<ChatRoomView> {
        let created = self.created.as_ref()?;
        let newest = Newest::of(&self.last_by_sender);
        let unread_status = created
            .participants
            .iter()
            .map(|&customer| (customer, self.unread_beyond(newest, created, customer)))
            .collect();
        Some(ChatRoomView {
            room_id: self.room_id,
            room_name: created.room_name.clone(),
            participant_ids: created.participants.clone(),
            unread_status,
            last_message: self.last_message.clone(),
            created_by: created.created_by,
            created_at: created.created_at,
            updated_at: self.updated_at().unwrap_or(created.created_at),
        })
    }

    /// Whether this participant has unread messages in the room (decision 13); `None` for a customer who is not known to be
    /// in it.
    #[must_use]
    pub fn unread(&self, customer: CustomerId) -> Option<bool> {
        let created = self.created.as_ref()?;
        created
            .has(customer)
            .then(|| self.unread_beyond(Newest::of(&self.last_by_sender), created, customer))
    }

    /// How much has happened in the room: strictly more after every change of its state.
    ///
    /// Every part of the state only grows, so their sum orders the states that the room goes through. It follows from
    /// the state alone, so unlike [`RoomState::version`] it is the same again after the views are rebuilt. It has room
    /// for the ids of 500 members' messages and markers, which are below 2^53.
    #[must_use]
    pub fn progress(&self) -> i64 {
        let sent = self.last_by_sender.values().map(|message| message.0);
        // A marker may stand at 0, before the first message.
        let marked = self.markers.values().map(|message| message.0 + 1);
        sent.chain(marked)
            .fold(i64::from(self.created.is_some()), i64::saturating_add)
    }

    /// When the room was created or last written in, whichever is later (decision 4).
    #[must_use]
    pub fn updated_at(&self) -> Option<Timestamp> {
        let created_at = self.created.as_ref().map(|created| created.created_at);
        created_at.max(self.last_message.as_ref().map(|message| message.sent_at))
    }

    /// Messages of others are unread behind the customer's marker and own last message: a customer who answers has read.
    /// Without either, a room is unread from before its beginning, but not by its creator.
    fn unread_beyond(&self, newest: Newest, created: &Created, customer: CustomerId) -> bool {
        let from = if customer == created.created_by {
            MessageId(0)
        } else {
            MessageId(-1)
        };
        let marker = self.markers.get(&customer);
        let own = self.last_by_sender.get(&customer);
        Some(&newest.by_others_than(customer)) > Some(&from).max(marker).max(own)
    }
}

impl Created {
    /// Whether the customer is in the room.
    #[must_use]
    pub fn has(&self, customer: CustomerId) -> bool {
        self.participants.binary_search(&customer).is_ok()
    }
}

/// The two highest messages of different senders, the highest first: enough to know, for each participant, the highest
/// message of all others without a search through all senders.
#[derive(Clone, Copy)]
struct Newest([(MessageId, Option<CustomerId>); 2]);

impl Newest {
    fn of(last_by_sender: &BTreeMap<CustomerId, MessageId>) -> Self {
        let mut newest = [(MessageId(0), None); 2];
        for (&sender, &message) in last_by_sender {
            let one = (message, Some(sender));
            if one > newest[0] {
                newest = [one, newest[0]];
            } else if one > newest[1] {
                newest[1] = one;
            }
        }
        Self(newest)
    }

    fn by_others_than(self, customer: CustomerId) -> MessageId {
        let [highest, next] = self.0;
        if highest.1 == Some(customer) {
            next.0
        } else {
            highest.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATOR: CustomerId = CustomerId(1);
    const OTHER: CustomerId = CustomerId(2);
    const THIRD: CustomerId = CustomerId(3);

    fn room(sent: &[(CustomerId, i64)], marked: &[(CustomerId, i64)]) -> RoomState {
        let ids = |pairs: &[(CustomerId, i64)]| {
            pairs
                .iter()
                .map(|&(customer, message)| (customer, MessageId(message)))
                .collect()
        };
        RoomState {
            created: Some(Created {
                room_name: "Room".into(),
                created_by: CREATOR,
                created_at: Timestamp::from_millis(1_000),
                participants: vec![CREATOR, OTHER, THIRD],
            }),
            last_by_sender: ids(sent),
            markers: ids(marked),
            ..RoomState::unknown(RoomId(1))
        }
    }

    #[test]
    fn decision_13_unread_is_a_function_of_state() {
        let unread_by = |room: &RoomState| {
            [CREATOR, OTHER, THIRD].map(|customer| room.unread(customer).unwrap())
        };
        for (what, sent, marked, expected) in [
            (
                "a new room is unread for all but its creator",
                &[][..],
                &[][..],
                [false, true, true],
            ),
            (
                "a message is unread for all but its sender",
                &[(OTHER, 5)],
                &[(OTHER, 0), (THIRD, 0)],
                [true, false, true],
            ),
            (
                "a first message reads the empty room that it is sent to",
                &[(OTHER, 5)],
                &[],
                [true, false, true],
            ),
            (
                "the creator's own message leaves their flag",
                &[(CREATOR, 5)],
                &[],
                [false, true, true],
            ),
            (
                "an empty room that was marked is read",
                &[],
                &[(OTHER, 0)],
                [false, false, true],
            ),
            (
                "an answer reads what came before it",
                &[(OTHER, 5), (THIRD, 6)],
                &[],
                [true, true, false],
            ),
            (
                "a marker at the beginning of a room hides no message",
                &[(CREATOR, 5)],
                &[(OTHER, 0)],
                [false, true, true],
            ),
            (
                "marking the last message makes it read",
                &[(OTHER, 5)],
                &[(CREATOR, 5)],
                [false, false, true],
            ),
            (
                "marking an older message leaves it unread",
                &[(OTHER, 5)],
                &[(CREATOR, 4)],
                [true, false, true],
            ),
            (
                "what others sent later is unread again",
                &[(OTHER, 5), (THIRD, 6)],
                &[(CREATOR, 5)],
                [true, true, false],
            ),
            (
                "what came before an own message is read whatever the marker says",
                &[(OTHER, 5), (THIRD, 6)],
                &[(THIRD, 4)],
                [true, true, false],
            ),
            (
                "an own message reads theirs before it",
                &[(OTHER, 5), (CREATOR, 6)],
                &[(OTHER, 6)],
                [false, false, true],
            ),
        ] {
            assert_eq!(unread_by(&room(sent, marked)), expected, "{what}");
        }
    }

    #[test]
    fn decision_13_outsiders_have_no_flag() {
        assert_eq!(room(&[], &[]).unread(CustomerId(9)), None);
        assert_eq!(RoomState::unknown(RoomId(1)).unread(CREATOR), None);
    }

    #[test]
    fn decision_4_updated_at_is_the_later_of_creation_and_last_message() {
        let mut room = room(&[], &[(OTHER, 7)]);
        let updated = |room: &RoomState| room.view().unwrap().updated_at.millis();
        assert_eq!(updated(&room), 1_000);
        for (sent_at, expected) in [(2_000, 2_000), (500, 1_000)] {
            room.last_message = Some(LastMessage {
                message_id: MessageId(7),
                sender_id: OTHER,
                content: "hello".into(),
                sent_at: Timestamp::from_millis(sent_at),
                seq: colloquy_contracts::Seq(1),
            });
            assert_eq!(updated(&room), expected);
        }
    }
}
