//! Seq, ids, the outbox, and what a crash leaves.

use std::sync::Arc;

use colloquy_contracts::{RoomId, Seq, Timestamp, events::WriteEvent};

use super::{
    super::{Accepted, Recorded, Refusal, Submission, WriteStore},
    ALICE, BOB, Fixture, NOW, STRANGER, fresh, marker, message, message_of, messages_of, new_room,
    record, record_one, room, room_of, together,
};

const ROOMS: usize = 3;
const WRITERS: usize = 8;
const BATCHES: usize = 6;

/// Two instances, eight writers, every batch in every room and with a stranger's message in the middle.
async fn under_load<F: Fixture>() -> (F, Vec<RoomId>) {
    let fixture = F::fresh().await;
    let instances = [fixture.open().await, fixture.open().await];
    let mut rooms = Vec::new();
    for _ in 0..ROOMS {
        rooms.push(new_room(instances[0].as_ref(), &[ALICE, BOB]).await);
    }
    let writers = (0..WRITERS).map(|writer| {
        let store: Arc<dyn WriteStore> = Arc::clone(&instances[writer % 2]);
        // Each writer names the rooms in another order: only the lock order keeps them from a deadlock.
        let mut rooms = rooms.clone();
        rooms.rotate_left(writer % ROOMS);
        async move {
            for batch in 0..BATCHES {
                let text = format!("{writer}.{batch}");
                let mut commands: Vec<_> = rooms
                    .iter()
                    .map(|room| message(*room, ALICE, &text))
                    .collect();
                commands.insert(1, message(rooms[0], STRANGER, "no"));
                commands.push(message(rooms[0], BOB, &text));
                let answers = record(store.as_ref(), &commands).await;
                assert_eq!(answers[1], Err(Refusal::NotAMember));
            }
        }
    });
    together(writers).await;
    (fixture, rooms)
}

/// Seq is 1, 2, 3 … in every room, however many write at the same time.
pub async fn decision_1_seq_has_no_gap_under_many_batches<F: Fixture>() {
    let (fixture, rooms) = under_load::<F>().await;
    let events = fixture.events().await;
    let mut total = 0;
    for room in rooms {
        let seqs: Vec<_> = messages_of(&events, room)
            .iter()
            .map(|message| message.seq.0)
            .collect();
        let wanted: Vec<_> = (1..).take(seqs.len()).collect();
        assert_eq!(seqs, wanted, "in room {room}, in the order of the outbox");
        total += seqs.len();
    }
    assert_eq!(total, WRITERS * BATCHES * (ROOMS + 1));
}

/// Within a room a higher seq has a higher id.
pub async fn decision_1_message_ids_follow_seq<F: Fixture>() {
    let (fixture, rooms) = under_load::<F>().await;
    let events = fixture.events().await;
    for room in rooms {
        let messages = messages_of(&events, room);
        assert!(!messages.is_empty());
        assert!(messages.is_sorted_by(|one, next| one.message_id < next.message_id));
    }
}

/// Also when the clock of the instance that records it, or of the one before it, was wrong, within one batch and over
/// several.
pub async fn b05_a_message_is_never_older_than_the_one_before_it<F: Fixture>() {
    let fixture = F::fresh().await;
    let instances = [fixture.open().await, fixture.open().await];
    let room = new_room(instances[0].as_ref(), &[ALICE, BOB]).await;
    let other = new_room(instances[0].as_ref(), &[ALICE, BOB]).await;
    let at = |hours: i64| Timestamp::from_millis(NOW.millis() + hours * 3_600_000);
    let say = |room, hours| Submission {
        at: at(hours),
        ..message(room, ALICE, "hello")
    };
    let sent_at = |answer: &Result<Accepted, Refusal>| match &super::ok(answer.as_ref()).recorded {
        Recorded::Message { sent_at, .. } => *sent_at,
        other => panic!("a message was sent, not {other:?}"),
    };
    let mut answers = Vec::new();
    for (turn, batch) in [vec![0, 1, 0], vec![-1], vec![0, 2], vec![1]]
        .into_iter()
        .enumerate()
    {
        let batch: Vec<_> = batch.into_iter().map(|hours| say(room, hours)).collect();
        answers.extend(record(instances[turn % 2].as_ref(), &batch).await);
    }
    let answered: Vec<_> = answers.iter().map(sent_at).collect();
    assert_eq!(answered, [0, 1, 1, 1, 1, 2, 2].map(at));
    let announced = messages_of(&fixture.events().await, room);
    let announced: Vec<_> = announced.iter().map(|message| message.sent_at).collect();
    assert_eq!(announced, answered);
    let elsewhere = record_one(instances[0].as_ref(), say(other, -1)).await;
    assert_eq!(sent_at(&elsewhere), at(-1), "each room by itself");
}

/// A room that begins has a higher id than every message before it, and a lower one than every message after it.
pub async fn b05_rooms_and_messages_have_ids_of_one_order<F: Fixture>() {
    let fixture = F::fresh().await;
    let instances = [fixture.open().await, fixture.open().await];
    let mut ids = Vec::new();
    let first = new_room(instances[0].as_ref(), &[ALICE, BOB]).await;
    ids.push(first.0);
    for turn in 0..4 {
        let batch = [
            message(first, ALICE, "hello"),
            room("A room", &[ALICE, BOB]),
            message(first, BOB, "hello"),
        ];
        let answers = record(instances[turn % 2].as_ref(), &batch).await;
        ids.extend([
            message_of(&answers[0]).0,
            room_of(&answers[1]).0,
            message_of(&answers[2]).0,
        ]);
        ids.push(
            new_room(instances[turn % 2].as_ref(), &[ALICE, BOB])
                .await
                .0,
        );
    }
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
}

/// What is refused leaves no hole.
pub async fn decision_1_a_refused_command_takes_no_seq<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let answers = record(
        store.as_ref(),
        &[
            message(room, ALICE, "one"),
            message(room, STRANGER, "no"),
            message(RoomId(room.0 + 1), ALICE, "nowhere"),
            message(room, BOB, "two"),
        ],
    )
    .await;
    assert_eq!(answers[1], Err(Refusal::NotAMember));
    assert_eq!(answers[2], Err(Refusal::NotAMember));
    for (answer, seq) in [(&answers[0], 1), (&answers[3], 2)] {
        let recorded = Recorded::Message {
            message_id: message_of(answer),
            room_id: room,
            seq: Seq(seq),
            sent_at: NOW,
        };
        assert_eq!(*answer, fresh(recorded));
    }
}

/// One transaction carries all kinds of commands, each seeing the ones before it.
pub async fn decision_1_a_batch_mixes_rooms_and_commands<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let (first, second) = (
        new_room(store.as_ref(), &[ALICE, BOB]).await,
        new_room(store.as_ref(), &[BOB, ALICE]).await,
    );
    let known = message_of(&record_one(store.as_ref(), message(first, ALICE, "known")).await);
    let answers = record(
        store.as_ref(),
        &[
            message(second, BOB, "in the second"),
            marker(first, BOB, known),
            room("Third", &[ALICE, STRANGER]),
            message(first, BOB, "in the first"),
            room("Fourth", &[BOB, ALICE]),
        ],
    )
    .await;
    assert_eq!(answers[1], fresh(Recorded::Marker));
    let (third, fourth) = (room_of(&answers[2]), room_of(&answers[4]));
    assert!(second < third && third < fourth);
    assert!(ok_member(store.as_ref(), third).await);
    let events = fixture.events().await;
    let announced: Vec<_> = events
        .iter()
        .rev()
        .take(5)
        .rev()
        .map(WriteEvent::event_id)
        .collect();
    assert_eq!(
        announced,
        [
            format!("message:{}", message_of(&answers[0])),
            format!("marker:{first}:{BOB}:{known}"),
            format!("room:{third}"),
            format!("message:{}", message_of(&answers[3])),
            format!("room:{fourth}"),
        ]
    );
}

async fn ok_member(store: &dyn WriteStore, room: RoomId) -> bool {
    super::ok(store.is_member(room, STRANGER).await)
}

/// Each accepted command has its event, refused ones have none.
pub async fn invariant_3_the_outbox_holds_what_was_accepted_and_nothing_else<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let sent = record_one(store.as_ref(), message(room, ALICE, "hello")).await;
    let refused = record_one(store.as_ref(), message(room, STRANGER, "no")).await;
    assert_eq!(refused, Err(Refusal::NotAMember));
    let read = record_one(store.as_ref(), marker(room, BOB, message_of(&sent))).await;
    assert_eq!(read, fresh(Recorded::Marker));
    let announced: Vec<_> = fixture
        .events()
        .await
        .iter()
        .map(WriteEvent::event_id)
        .collect();
    let message = message_of(&sent);
    assert_eq!(
        announced,
        [
            format!("room:{room}"),
            format!("message:{message}"),
            format!("marker:{room}:{BOB}:{message}"),
        ]
    );
}

/// An instance that opens the store later goes on where the last one ended.
pub async fn f03_what_was_recorded_is_there_after_a_crash<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let before = record_one(store.as_ref(), message(room, ALICE, "before")).await;
    drop(store);
    let store = fixture.open().await;
    let after = record_one(store.as_ref(), message(room, ALICE, "after")).await;
    assert!(message_of(&before) < message_of(&after));
    let seqs: Vec<_> = messages_of(&fixture.events().await, room)
        .into_iter()
        .map(|message| (message.seq.0, message.content))
        .collect();
    assert_eq!(seqs, [(1, "before".to_owned()), (2, "after".to_owned())]);
}
