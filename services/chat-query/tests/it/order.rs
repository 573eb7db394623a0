//! Every order of the events gives the same view (decision 7).

use std::collections::BTreeMap;

use colloquy_chat_query::{
    projections::{self, Applied},
    room_state::RoomState,
};
use colloquy_contracts::{CustomerId, MessageId, RoomId, events::WriteEvent};
use proptest::{prelude::*, sample::Index};

use crate::events::{marker_moved, message_sent, room_created};

/// The events of a room, in the order in which the write side appended them to each of its topics.
fn topics() -> impl Strategy<Value = [Vec<WriteEvent>; 3]> {
    let customer = || (1_i64..=3).prop_map(CustomerId);
    let messages = prop::collection::vec(customer(), 0..12);
    let markers = prop::collection::vec((customer(), 1_i64..=12), 0..8);
    (messages, markers).prop_map(|(senders, markers)| {
        let messages = (1..)
            .zip(senders)
            .map(|(seq, sender)| message_sent(1, seq, sender));
        let markers = markers
            .into_iter()
            .map(|(customer, seq)| marker_moved(1, customer, seq));
        [vec![room_created(1)], messages.collect(), markers.collect()]
    })
}

/// The newest of each kind that a room has had so far, whatever came before or after it.
#[derive(Default)]
struct Newest {
    is_created: bool,
    by_sender: BTreeMap<CustomerId, MessageId>,
    markers: BTreeMap<CustomerId, MessageId>,
}

impl Newest {
    /// Takes in an event, and says whether it is newer than all others of its kind.
    fn is_raised_by(&mut self, event: &WriteEvent) -> bool {
        let (newest, of, id) = match event {
            WriteEvent::RoomCreated(_) => return !std::mem::replace(&mut self.is_created, true),
            WriteEvent::MessageSent(event) => {
                (&mut self.by_sender, event.sender_id, event.message_id)
            }
            WriteEvent::ReadMarkerUpdated(event) => (
                &mut self.markers,
                event.customer_id,
                event.last_read_message_id,
            ),
        };
        newest.insert(of, id.max(newest.get(&of).copied().unwrap_or(id))) < Some(id)
    }
}

fn fold<'a>(events: impl IntoIterator<Item = &'a WriteEvent>) -> RoomState {
    let mut room = RoomState::unknown(RoomId(1));
    for event in events {
        projections::apply(&mut room, event).unwrap();
    }
    room
}

proptest! {
    #[test]
    fn decision_7_every_interleaving_gives_the_same_view(
        topics in topics(),
        turns in prop::collection::vec(0..3_usize, 40),
    ) {
        let in_turn = fold(topics.iter().flatten());
        let mut left = topics.clone().map(Vec::into_iter);
        let mut interleaved: Vec<WriteEvent> =
            turns.into_iter().filter_map(|topic| left[topic].next()).collect();
        interleaved.extend(left.into_iter().flatten());
        let room = fold(&interleaved);
        prop_assert_eq!(room.view(), in_turn.view());
        prop_assert_eq!(room, in_turn);
    }

    #[test]
    fn decision_21_a_room_comes_further_with_every_change_and_equally_far_in_any_order(
        (events, shuffled) in topics().prop_flat_map(|topics| {
            let events = topics.concat();
            (Just(events.clone()), Just(events).prop_shuffle())
        }),
    ) {
        let mut room = RoomState::unknown(RoomId(1));
        let mut newest = Newest::default();
        for event in &shuffled {
            let before = room.clone();
            let applied = projections::apply(&mut room, event).unwrap();
            let is_news = newest.is_raised_by(event);
            prop_assert_eq!(applied == Applied::Now, is_news, "{:?}", event);
            prop_assert_eq!(room != before, is_news, "{:?}", event);
            if is_news {
                prop_assert!(room.progress() > before.progress(), "{event:?}");
            } else {
                prop_assert_eq!(room.progress(), before.progress());
            }
            let last = room.last_message.as_ref().map(|message| message.message_id);
            prop_assert_eq!(last, newest.by_sender.values().max().copied());
            prop_assert_eq!(&room.markers, &newest.markers);
        }
        prop_assert_eq!(room.progress(), fold(&events).progress());
    }

    #[test]
    fn decision_7_any_order_with_any_repeats_gives_the_same_view(
        (events, shuffled) in topics().prop_flat_map(|topics| {
            let events = topics.concat();
            (Just(events.clone()), Just(events).prop_shuffle())
        }),
        repeats in prop::collection::vec((any::<Index>(), any::<Index>()), 0..10),
    ) {
        let mut repeated = shuffled;
        for (from, to) in repeats {
            let again = repeated[from.index(repeated.len())].clone();
            repeated.insert(to.index(repeated.len() + 1), again);
        }
        let (room, in_turn) = (fold(&repeated), fold(&events));
        prop_assert_eq!(room.view(), in_turn.view());
        prop_assert_eq!(room, in_turn);
    }
}
