//! Read markers (decision 13).

use colloquy_contracts::{MessageId, events::WriteEvent};

use super::{
    super::{Recorded, Refusal},
    ALICE, BOB, Fixture, STRANGER, fresh, marker, message, message_of, new_room, record,
    record_one,
};

async fn markers_announced(fixture: &impl Fixture) -> Vec<MessageId> {
    let announced = |event: &WriteEvent| match event {
        WriteEvent::ReadMarkerUpdated(marker) => Some(marker.last_read_message_id),
        _ => None,
    };
    fixture
        .events()
        .await
        .iter()
        .filter_map(announced)
        .collect()
}

/// Marking the same or an older message succeeds, and announces nothing.
pub async fn decision_13_a_marker_never_moves_back<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let sent = record(
        store.as_ref(),
        &[message(room, ALICE, "one"), message(room, ALICE, "two")],
    )
    .await;
    let (one, two) = (message_of(&sent[0]), message_of(&sent[1]));
    for id in [two, one, two] {
        let answer = record_one(store.as_ref(), marker(room, BOB, id)).await;
        assert_eq!(answer, fresh(Recorded::Marker));
    }
    assert_eq!(markers_announced(&fixture).await, [two]);
}

/// Several markers of one member in one batch end at the newest message.
pub async fn decision_13_markers_of_one_batch_end_at_the_newest<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let batch = ["one", "two", "three"].map(|text| message(room, ALICE, text));
    let ids: Vec<_> = record(store.as_ref(), &batch)
        .await
        .iter()
        .map(message_of)
        .collect();
    let marks = [ids[0], ids[2], ids[1]].map(|id| marker(room, BOB, id));
    assert_eq!(
        record(store.as_ref(), &marks).await,
        [Recorded::Marker, Recorded::Marker, Recorded::Marker].map(fresh)
    );
    assert_eq!(markers_announced(&fixture).await, [ids[0], ids[2]]);
    record(store.as_ref(), &[marker(room, BOB, ids[2])]).await;
    assert_eq!(markers_announced(&fixture).await, [ids[0], ids[2]]);
}

/// Message 0 is the beginning of a room: it can be marked while there is nothing else to mark, and is older than
/// every message afterwards.
pub async fn b23_the_beginning_of_an_empty_room_can_be_marked<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let beginning = MessageId(0);
    for _ in 0..2 {
        let answer = record_one(store.as_ref(), marker(room, BOB, beginning)).await;
        assert_eq!(answer, fresh(Recorded::Marker));
    }
    assert_eq!(markers_announced(&fixture).await, [beginning]);
    let sent = message_of(&record_one(store.as_ref(), message(room, ALICE, "one")).await);
    for (customer, id) in [(BOB, beginning), (ALICE, beginning), (BOB, sent)] {
        let answer = record_one(store.as_ref(), marker(room, customer, id)).await;
        assert_eq!(answer, fresh(Recorded::Marker));
    }
    assert_eq!(markers_announced(&fixture).await, [beginning, sent]);
    let stranger = record_one(store.as_ref(), marker(room, STRANGER, beginning)).await;
    assert_eq!(stranger, Err(Refusal::NotAMember));
}

/// A message of another room, or none at all, is no place to mark.
pub async fn contract_3_command_a_marker_needs_a_message_of_that_room<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let other = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let foreign = message_of(&record_one(store.as_ref(), message(other, ALICE, "there")).await);
    for id in [foreign, MessageId(foreign.0 + 1), MessageId(-1)] {
        let answer = record_one(store.as_ref(), marker(room, BOB, id)).await;
        assert_eq!(answer, Err(Refusal::MessageNotInRoom));
    }
    assert_eq!(markers_announced(&fixture).await, []);
}

/// Only members have markers.
pub async fn contract_3_command_a_marker_needs_a_member<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let sent = message_of(&record_one(store.as_ref(), message(room, ALICE, "hello")).await);
    let answer = record_one(store.as_ref(), marker(room, STRANGER, sent)).await;
    assert_eq!(answer, Err(Refusal::NotAMember));
    assert_eq!(markers_announced(&fixture).await, []);
}
