//! The writer: how commands become batches, and what happens to them when a batch fails.

pub mod scripted;

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{Lifecycle, lifecycle::TaskDied};
use colloquy_chat_command::{
    group_commit::{GroupCommit, SubmitError},
    write_store::{Accepted, Refusal},
};
use futures_util::future::join_all;
use tokio::time::{Instant, timeout};

use self::scripted::{AWAY, DEFECT, DISK_FAILED, LOCKED, Scripted, UNKNOWN, message};

const SOON: Duration = Duration::from_secs(20);
/// A room in which nothing goes wrong.
const FINE: i64 = 1;

fn writer(store: &Arc<Scripted>) -> (GroupCommit, Lifecycle) {
    let life = Lifecycle::default();
    let writer = GroupCommit::start(Arc::clone(store) as _, &life.tasks());
    (writer, life)
}

/// Submits a message in each of these rooms while an earlier commit runs, then lets that end.
async fn burst(
    store: &Scripted,
    writer: &GroupCommit,
    rooms: &[i64],
) -> Vec<Result<Accepted, SubmitError>> {
    burst_of(store, writer, rooms, usize::MAX).await
}

/// The same, but so many commits end and the later ones do not.
async fn burst_of(
    store: &Scripted,
    writer: &GroupCommit,
    rooms: &[i64],
    commits: usize,
) -> Vec<Result<Accepted, SubmitError>> {
    store.hold();
    let earlier = writer.submit(message(FINE));
    let later = async {
        store.is_recording().await;
        let queued = join_all(rooms.iter().map(|room| writer.submit(message(*room))));
        tokio::join!(queued, async { store.hold_after(commits) }).0
    };
    let (earlier, later) = tokio::join!(earlier, later);
    assert!(earlier.is_ok());
    later
}

#[tokio::test]
async fn decision_1_what_queues_during_a_commit_is_the_next_batch() {
    let store = Arc::new(Scripted::default());
    let (writer, _life) = writer(&store);
    let answers = burst(&store, &writer, &[FINE; 10]).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(store.batch_sizes(), [1, 10]);
}

#[tokio::test]
async fn decision_1_a_batch_has_at_most_256_commands() {
    let store = Arc::new(Scripted::default());
    let (writer, _life) = writer(&store);
    let answers = burst(&store, &writer, &[FINE; 600]).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(store.batch_sizes(), [1, 256, 256, 88]);
}

#[tokio::test]
async fn decision_1_a_batch_that_fails_is_redone_one_by_one_so_that_each_has_its_own_answer() {
    let store = Arc::new(Scripted::default());
    let (writer, _life) = writer(&store);
    let answers = burst(&store, &writer, &[FINE, DEFECT, FINE, scripted::REFUSED]).await;
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(SubmitError::Defect));
    assert!(answers[2].is_ok());
    assert_eq!(answers[3], Err(SubmitError::Refused(Refusal::NotAMember)));
    assert_eq!(store.batch_sizes(), [1, 4, 1, 1, 1, 1]);
}

#[tokio::test]
async fn f27_a_room_that_is_locked_elsewhere_is_tried_once_and_holds_up_no_other() {
    let store = Arc::new(Scripted::default());
    let (writer, _life) = writer(&store);
    let answers = burst(&store, &writer, &[LOCKED, LOCKED, FINE, LOCKED]).await;
    for locked in [0, 1, 3] {
        assert_eq!(answers[locked], Err(SubmitError::StoreAway));
    }
    assert!(answers[2].is_ok());
    assert_eq!(store.batch_sizes(), [1, 4, 1, 1]);
}

#[tokio::test]
async fn promise_p6_a_store_that_is_away_fails_the_whole_batch_at_once() {
    let store = Arc::new(Scripted::default());
    let (writer, _life) = writer(&store);
    let answers = burst(&store, &writer, &[AWAY; 5]).await;
    assert_eq!(answers, [const { Err(SubmitError::StoreAway) }; 5]);
    assert_eq!(store.batch_sizes(), [1, 5]);
    assert!(writer.submit(message(FINE)).await.is_ok());
}

#[tokio::test]
async fn promise_p4_a_batch_whose_commit_is_unknown_is_never_done_again() {
    let store = Arc::new(Scripted::default());
    let (writer, _life) = writer(&store);
    let answers = burst(&store, &writer, &[UNKNOWN, FINE]).await;
    assert_eq!(answers, [const { Err(SubmitError::StoreAway) }; 2]);
    assert_eq!(store.batch_sizes(), [1, 2]);
}

#[tokio::test]
async fn f36_a_disk_that_did_not_sync_ends_the_process() {
    let store = Arc::new(Scripted::default());
    let (writer, life) = writer(&store);
    let submitted = writer.submit(message(DISK_FAILED)).await;
    assert_eq!(submitted, Err(SubmitError::StoreAway));
    let ended = timeout(SOON, life.run_until(std::future::pending::<()>)).await;
    assert!(matches!(ended, Ok(Err(TaskDied))));
}

#[tokio::test]
async fn decision_1_a_caller_that_goes_away_does_not_cancel_its_command() {
    let store = Arc::new(Scripted::default());
    let (writer, _life) = writer(&store);
    store.hold();
    let gone = timeout(Duration::ZERO, writer.submit(message(FINE))).await;
    assert!(gone.is_err());
    store.release();
    assert!(writer.submit(message(FINE)).await.is_ok());
    assert_eq!(store.batch_sizes().iter().sum::<usize>(), 2);
}

#[tokio::test]
async fn promise_p6_a_full_queue_refuses_at_once() {
    let store = Arc::new(Scripted::default());
    let (writer, _life) = writer(&store);
    let answers = burst(&store, &writer, &[FINE; 4100]).await;
    let (taken, refused) = answers.split_at(4096);
    assert!(taken.iter().all(Result::is_ok));
    assert_eq!(refused, [const { Err(SubmitError::Busy) }; 4]);
}

#[tokio::test]
async fn promise_p6_a_store_that_hangs_is_answered_within_5_seconds() {
    let store = Arc::new(Scripted::default());
    let (writer, _life) = writer(&store);
    store.hold();
    let start = Instant::now();
    let answer = writer.submit(message(FINE)).await;
    assert_eq!(answer, Err(SubmitError::TimedOut));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn decision_2_what_is_redone_one_by_one_leaves_out_callers_that_were_answered_503() {
    let store = Arc::new(Scripted::default());
    let (writer, _life) = writer(&store);
    let answers = burst_of(&store, &writer, &[FINE, FINE, DEFECT], 2).await;
    assert_eq!(answers, [const { Err(SubmitError::TimedOut) }; 3]);
    store.release();
    assert!(writer.submit(message(FINE)).await.is_ok());
    assert_eq!(store.batch_sizes(), [1, 3, 1, 1]);
}

#[tokio::test]
async fn f31_a_stopping_process_carries_out_what_is_queued() {
    let store = Arc::new(Scripted::default());
    let (writer, life) = writer(&store);
    store.hold();
    let submitted = writer.submit(message(FINE));
    let stopping = life.run_until(|| async { store.is_recording().await });
    let release = async {
        store.is_recording().await;
        store.release();
    };
    let (submitted, stopped, ()) = tokio::join!(submitted, stopping, release);
    assert!(submitted.is_ok());
    assert!(stopped.is_ok());
}
