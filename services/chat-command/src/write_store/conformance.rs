//! What every adapter of the write store promises, one function a promise.

mod keys;
mod markers;
mod order;
mod recent;
mod rooms;

use std::{fmt::Debug, future::Future, sync::Arc};

use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Timestamp,
    events::{ChatMessageSent, WriteEvent},
};
use tokio::task::JoinSet;

pub use self::{keys::*, markers::*, order::*, recent::*, rooms::*};
use super::{
    Accepted, Command, NewMarker, NewMessage, NewRoom, Recorded, Refusal, Submission, WriteStore,
};
use crate::domain::{IdempotencyKey, MessageContent, RoomName};

/// A store of one test.
pub trait Fixture: Sized + Send + Sync {
    /// One that holds nothing.
    fn fresh() -> impl Future<Output = Self> + Send;

    /// Opens it, as an instance that starts does. May be called again, also while an earlier opening is in use.
    fn open(&self) -> impl Future<Output = Arc<dyn WriteStore>> + Send;

    /// What is in the outbox, in its order.
    fn events(&self) -> impl Future<Output = Vec<WriteEvent>> + Send;
}

/// Makes a test of every promise, for one [`Fixture`].
#[macro_export]
macro_rules! conformance {
    ($fixture:ty) => {
        $crate::conformance!($fixture:
            decision_1_seq_has_no_gap_under_many_batches,
            decision_1_message_ids_follow_seq,
            b05_a_message_is_never_older_than_the_one_before_it,
            b05_rooms_and_messages_have_ids_of_one_order,
            decision_1_a_refused_command_takes_no_seq,
            decision_1_a_batch_mixes_rooms_and_commands,
            invariant_3_the_outbox_holds_what_was_accepted_and_nothing_else,
            f03_what_was_recorded_is_there_after_a_crash,
            decision_2_a_repeat_answers_as_the_first_time,
            decision_2_a_repeat_within_a_batch_answers_as_the_first_one,
            decision_2_another_command_under_the_same_key_is_refused,
            decision_2_a_key_counts_for_one_customer_and_one_call,
            decision_2_the_key_of_a_refused_command_is_not_kept,
            decision_2_a_key_outlives_a_crash,
            b24_the_event_of_a_message_names_its_client_key,
            f29_a_send_repeated_in_parallel_is_one_message,
            decision_15_old_keys_are_forgotten_a_few_at_a_time,
            recent_messages_are_those_of_a_customers_own_rooms,
            decision_13_a_marker_never_moves_back,
            decision_13_markers_of_one_batch_end_at_the_newest,
            b23_the_beginning_of_an_empty_room_can_be_marked,
            contract_3_command_a_marker_needs_a_message_of_that_room,
            contract_3_command_a_marker_needs_a_member,
            decision_11_membership_is_what_was_recorded,
            a_room_tells_its_members_their_names_and_when_they_joined,
            any_text_without_a_nul_is_kept_as_typed,
        );
    };
    ($fixture:ty: $($promise:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                $crate::write_store::conformance::$promise::<$fixture>().await;
            }
        )*
    };
}

const ALICE: CustomerId = CustomerId(1);
const BOB: CustomerId = CustomerId(2);
const STRANGER: CustomerId = CustomerId(99);
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_123);

fn room(name: &str, members: &[CustomerId]) -> Submission {
    plain(Command::CreateRoom(NewRoom {
        name: RoomName::parse(name.to_owned()).expect("tests use good names"),
        created_by: members[0],
        members: members
            .iter()
            .map(|id| (*id, format!("Name {id}")))
            .collect(),
    }))
}

fn message(room_id: RoomId, sender_id: CustomerId, text: &str) -> Submission {
    plain(Command::SendMessage(NewMessage {
        room_id,
        sender_id,
        sender_full_name: format!("Name {sender_id}"),
        content: MessageContent::parse(text.to_owned(), 8192).expect("tests use good messages"),
    }))
}

fn marker(room_id: RoomId, customer_id: CustomerId, message_id: MessageId) -> Submission {
    plain(Command::MarkRead(NewMarker {
        room_id,
        customer_id,
        message_id,
    }))
}

fn plain(command: Command) -> Submission {
    Submission {
        command,
        key: None,
        at: NOW,
        trace: None,
    }
}

fn keyed(key: &str, submission: Submission) -> Submission {
    let key = IdempotencyKey::parse(key.as_bytes()).expect("tests use good keys");
    Submission {
        key: Some(key),
        ..submission
    }
}

async fn record(store: &dyn WriteStore, batch: &[Submission]) -> Vec<Result<Accepted, Refusal>> {
    let answers = ok(store.record(batch).await);
    assert_eq!(answers.len(), batch.len(), "one answer a command");
    answers
}

async fn record_one(store: &dyn WriteStore, submission: Submission) -> Result<Accepted, Refusal> {
    record(store, &[submission]).await.remove(0)
}

async fn new_room(store: &dyn WriteStore, members: &[CustomerId]) -> RoomId {
    room_of(&record_one(store, room("A room", members)).await)
}

fn room_of(answer: &Result<Accepted, Refusal>) -> RoomId {
    match &ok(answer.as_ref()).recorded {
        Recorded::Room { room_id } => *room_id,
        other => panic!("a room was asked for, not {other:?}"),
    }
}

fn message_of(answer: &Result<Accepted, Refusal>) -> MessageId {
    match &ok(answer.as_ref()).recorded {
        Recorded::Message { message_id, .. } => *message_id,
        other => panic!("a message was asked for, not {other:?}"),
    }
}

fn fresh(recorded: Recorded) -> Result<Accepted, Refusal> {
    Ok(Accepted {
        recorded,
        replayed: false,
    })
}

/// The messages of a room as the outbox announces them.
fn messages_of(events: &[WriteEvent], room: RoomId) -> Vec<ChatMessageSent> {
    let of_room = |event: &WriteEvent| match event {
        WriteEvent::MessageSent(message) if message.room_id == room => Some(message.clone()),
        _ => None,
    };
    events.iter().filter_map(of_room).collect()
}

/// Runs everything at the same time.
async fn together<T: Send + 'static>(
    work: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let mut running = JoinSet::new();
    for one in work {
        running.spawn(one);
    }
    running.join_all().await
}

/// The value of what must succeed.
fn ok<T, E: Debug>(outcome: Result<T, E>) -> T {
    outcome.expect("the store is up and nothing was refused")
}
