//! Idempotency keys (decision 2).

use std::{collections::HashSet, sync::Arc};

use colloquy_contracts::Timestamp;

use super::{
    super::{Accepted, Refusal, Submission},
    ALICE, BOB, Fixture, NOW, STRANGER, keyed, marker, message, message_of, messages_of, new_room,
    ok, record, record_one, room, room_of, together,
};

fn replay_of(answer: &Result<Accepted, Refusal>) -> Result<Accepted, Refusal> {
    answer.clone().map(|accepted| Accepted {
        replayed: true,
        ..accepted
    })
}

/// A repeat has the same data and writes nothing, for each of the three commands.
pub async fn decision_2_a_repeat_answers_as_the_first_time<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let begin = || keyed("k", room("A room", &[ALICE, BOB]));
    let begun = record_one(store.as_ref(), begin()).await;
    let room = room_of(&begun);
    let say = || keyed("k", message(room, ALICE, "hello"));
    let said = record_one(store.as_ref(), say()).await;
    let read = || keyed("k", marker(room, BOB, message_of(&said)));
    let marked = record_one(store.as_ref(), read()).await;
    let events = fixture.events().await;
    for (again, first) in [(begin(), &begun), (say(), &said), (read(), &marked)] {
        assert!(!ok(first.as_ref()).replayed);
        let later = Submission {
            at: Timestamp::from_millis(NOW.millis() + 5_000),
            ..again
        };
        assert_eq!(record_one(store.as_ref(), later).await, replay_of(first));
    }
    assert_eq!(fixture.events().await, events);
}

/// The second of two in one batch is a repeat of the first.
pub async fn decision_2_a_repeat_within_a_batch_answers_as_the_first_one<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let say = || keyed("k", message(room, ALICE, "hello"));
    let answers = record(store.as_ref(), &[say(), message(room, BOB, "hi"), say()]).await;
    assert_eq!(answers[2], replay_of(&answers[0]));
    assert_eq!(messages_of(&fixture.events().await, room).len(), 2);
}

/// A key stands for one command.
pub async fn decision_2_another_command_under_the_same_key_is_refused<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let say = |text| keyed("k", message(room, ALICE, text));
    let answers = record(store.as_ref(), &[say("one"), say("two")]).await;
    assert_eq!(answers[1], Err(Refusal::KeyReused));
    let later = record_one(store.as_ref(), say("three")).await;
    assert_eq!(later, Err(Refusal::KeyReused));
    let first = record_one(store.as_ref(), say("one")).await;
    assert_eq!(first, replay_of(&answers[0]));
    assert_eq!(messages_of(&fixture.events().await, room).len(), 1);
}

/// The same key of another customer, or on another call, is another key.
pub async fn decision_2_a_key_counts_for_one_customer_and_one_call<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let of_alice = record_one(store.as_ref(), keyed("k", message(room, ALICE, "hello"))).await;
    let of_bob = record_one(store.as_ref(), keyed("k", message(room, BOB, "hello"))).await;
    assert!(!ok(of_bob.as_ref()).replayed);
    let read = keyed("k", marker(room, BOB, message_of(&of_alice)));
    assert!(!ok(record_one(store.as_ref(), read).await).replayed);
}

/// What was refused may be tried again under the same key.
pub async fn decision_2_the_key_of_a_refused_command_is_not_kept<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let other = new_room(store.as_ref(), &[ALICE, STRANGER]).await;
    let try_in = |room| keyed("k", message(room, STRANGER, "let me in"));
    let answers = record(store.as_ref(), &[try_in(room), message(room, ALICE, "no")]).await;
    assert_eq!(answers[0], Err(Refusal::NotAMember));
    assert_eq!(
        record_one(store.as_ref(), try_in(room)).await,
        Err(Refusal::NotAMember)
    );
    let elsewhere = record_one(store.as_ref(), try_in(other)).await;
    assert!(!ok(elsewhere).replayed);
}

/// An answer that was lost in a crash is given again (F04).
pub async fn decision_2_a_key_outlives_a_crash<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let say = || keyed("k", message(room, ALICE, "hello"));
    let first = record_one(store.as_ref(), say()).await;
    drop(store);
    let again = record_one(fixture.open().await.as_ref(), say()).await;
    assert_eq!(again, replay_of(&first));
}

/// A hundred keys, each sent twenty times at once through two instances: a hundred messages.
pub async fn f29_a_send_repeated_in_parallel_is_one_message<F: Fixture>() {
    const KEYS: usize = 100;
    const REPEATS: usize = 20;
    let fixture = F::fresh().await;
    let instances = [fixture.open().await, fixture.open().await];
    let room = new_room(instances[0].as_ref(), &[ALICE, BOB]).await;
    let answers = together((0..REPEATS).map(|repeat| {
        let store = Arc::clone(&instances[repeat % 2]);
        async move {
            let mut keys: Vec<_> = (0..KEYS).collect();
            keys.rotate_left(repeat * 7 % KEYS);
            let mut answers = Vec::new();
            for some in keys.chunks(10) {
                let say = |key: &usize| {
                    keyed(
                        &format!("k{key}"),
                        message(room, ALICE, &format!("text {key}")),
                    )
                };
                let batch: Vec<_> = some.iter().map(say).collect();
                answers.extend(record(store.as_ref(), &batch).await);
            }
            answers
        }
    }))
    .await;
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    assert_eq!(answers.len(), KEYS * REPEATS);
    let ids: HashSet<_> = answers.iter().map(message_of).collect();
    assert_eq!(ids.len(), KEYS);
    let now = answers
        .iter()
        .filter(|answer| !ok(answer.as_ref()).replayed);
    assert_eq!(now.count(), KEYS);
    assert_eq!(messages_of(&fixture.events().await, room).len(), KEYS);
}

/// Keys go in bounded steps, oldest first, and only those that are old enough.
pub async fn decision_15_old_keys_are_forgotten_a_few_at_a_time<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let say = |millis: i64| Submission {
        at: Timestamp::from_millis(NOW.millis() + millis),
        ..keyed(&format!("k{millis}"), message(room, ALICE, "hello"))
    };
    record(store.as_ref(), &[say(0), say(1), say(2), say(3)]).await;
    let before = Timestamp::from_millis(NOW.millis() + 3);
    assert_eq!(ok(store.forget_keys(before, 2).await), 2);
    assert_eq!(ok(store.forget_keys(before, 2).await), 1);
    assert_eq!(ok(store.forget_keys(before, 2).await), 0);
    assert!(!ok(record_one(store.as_ref(), say(0)).await).replayed);
    assert!(ok(record_one(store.as_ref(), say(3)).await).replayed);
}

/// A message that was sent with a key carries the client key that its sender computes from it; another carries none.
pub async fn b24_the_event_of_a_message_names_its_client_key<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let say = keyed("k", message(room, ALICE, "hello"));
    let expected = say.key.as_ref().map(|key| key.client_key(ALICE));
    record(
        store.as_ref(),
        &[
            say,
            message(room, ALICE, "without"),
            keyed("k", message(room, BOB, "hello")),
        ],
    )
    .await;
    let keys: Vec<_> = messages_of(&fixture.events().await, room)
        .into_iter()
        .map(|message| message.client_key)
        .collect();
    assert_eq!(keys[..2], [expected.clone(), None]);
    assert!(keys[2].is_some() && keys[2] != expected);
}
