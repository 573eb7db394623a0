//! A message that clashes with a stored one delays only its own room (decision 8).

use std::{sync::Arc, time::Duration};

use colloquy_chat_query::{ViewStore as _, view_store::ViewWrite};
use colloquy_contracts::{
    RoomId, Seq,
    events::{ChatMessageSent, WriteEvent},
};
use tokio::time::Instant;

use crate::{
    events::{CREATOR, MEMBER, appended, message_sent, room_created},
    faulty_store::FaultyStore,
    service::{Parts, eventually},
};

macro_rules! on_both {
    ($($promise:ident),+ $(,)?) => {
        mod embedded {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $promise() {
                    super::$promise(&super::Parts::embedded().await).await;
                }
            )+
        }
        mod kafka_and_mongodb {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $promise() {
                    super::$promise(&super::Parts::distributed().await).await;
                }
            )+
        }
    };
}

on_both! {
    decision_8_a_clash_is_tried_three_times_and_other_rooms_are_shown_meanwhile,
}

const CLASHING: RoomId = RoomId(1);
const OTHERS: std::ops::RangeInclusive<i64> = 2..=9;
const MESSAGES: i64 = 10;

/// The first message of the room once more, with other words.
fn impostor() -> WriteEvent {
    match message_sent(CLASHING.0, 1, CREATOR) {
        WriteEvent::MessageSent(message) => WriteEvent::MessageSent(ChatMessageSent {
            content: "another".into(),
            ..message
        }),
        other => other,
    }
}

fn has_the_impostor(write: &ViewWrite) -> bool {
    write.messages.iter().any(|one| one.content == "another")
}

async fn decision_8_a_clash_is_tried_three_times_and_other_rooms_are_shown_meanwhile(
    parts: &Parts,
) {
    let store = Arc::new(FaultyStore::new(Arc::clone(&parts.store), []));
    let service = parts.start_with(store.clone(), Arc::clone(&parts.log));
    let mut before: Vec<_> = (CLASHING.0..=*OTHERS.end()).map(room_created).collect();
    before.push(message_sent(CLASHING.0, 1, CREATOR));
    parts.append(&appended(&before)).await;
    let reaches = async |room: RoomId, seq: i64| {
        let seq = Some(Seq(seq));
        eventually(async || store.highest_seq(room).await.unwrap() == seq).await;
    };
    reaches(CLASHING, 1).await;

    let mut events = vec![impostor(), message_sent(CLASHING.0, 2, MEMBER)];
    let others = || OTHERS.flat_map(|room| (1..=MESSAGES).map(move |seq| (room, seq)));
    events.extend(others().map(|(room, seq)| message_sent(room, seq, CREATOR)));
    let began = Instant::now();
    parts.append(&appended(&events)).await;
    for room in OTHERS.map(RoomId) {
        reaches(room, MESSAGES).await;
    }
    reaches(CLASHING, 2).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    eventually(async || store.parked(None, 9).await.unwrap().len() == 1).await;

    let tries = store.tries();
    let met = tries.iter().position(has_the_impostor).unwrap();
    let of_others = |write: &ViewWrite| {
        let messages = write.messages.iter();
        let others = messages.filter(|one| one.room_id != CLASHING);
        others.map(|one| one.message_id).collect::<Vec<_>>()
    };
    // What came with it is stored next, and before the position passes it.
    assert_eq!(of_others(&tries[met + 1]), of_others(&tries[met]));
    assert!(
        tries[met + 1]
            .messages
            .iter()
            .all(|one| one.room_id != CLASHING)
    );
    assert_eq!(tries[met + 1].position, None);
    for again in &tries[met + 2..met + 5] {
        assert_eq!(of_others(again), []);
        assert_eq!(again.position, tries[met].position);
    }
    assert_eq!(tries.iter().filter(|one| has_the_impostor(one)).count(), 3);
    assert!(!has_the_impostor(&tries[met + 4]));
    assert_eq!(tries[met + 4].parked.len(), 1);
    service.end().await;
}
