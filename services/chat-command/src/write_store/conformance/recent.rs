//! The newest messages of a customer's rooms.

use colloquy_contracts::{CustomerId, MessageId, RoomId};

use super::{ALICE, BOB, Fixture, STRANGER, message, message_of, new_room, record};
use crate::write_store::WriteStore;

async fn recent(
    store: &dyn WriteStore,
    customer: CustomerId,
    limit: u32,
) -> Vec<(RoomId, MessageId)> {
    let messages = store.recent_messages(customer, limit).await;
    let messages = messages.expect("the store is up");
    messages
        .iter()
        .map(|one| (one.room_id, one.message_id))
        .collect()
}

/// Newest first, over all rooms, and never those of a room that the customer is not in.
pub async fn recent_messages_are_those_of_a_customers_own_rooms<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let both = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let alone = new_room(store.as_ref(), &[ALICE, STRANGER]).await;
    let batch = [(both, "one"), (alone, "two"), (both, "three")]
        .map(|(room, text)| message(room, ALICE, text));
    let sent: Vec<_> = record(store.as_ref(), &batch)
        .await
        .iter()
        .map(message_of)
        .collect();
    let all = [(both, sent[2]), (alone, sent[1]), (both, sent[0])];
    assert_eq!(recent(store.as_ref(), ALICE, 20).await, all);
    assert_eq!(recent(store.as_ref(), ALICE, 2).await, all[..2]);
    assert_eq!(recent(store.as_ref(), BOB, 20).await, [all[0], all[2]]);
    assert!(recent(store.as_ref(), CustomerId(999), 20).await.is_empty());
}
