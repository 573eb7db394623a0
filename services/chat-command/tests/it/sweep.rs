//! How long idempotency keys are kept.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{
    Clock as _, Lifecycle, SystemClock, clock::ManualClock, lifecycle::TaskDied,
};
use colloquy_chat_command::{ChatCommand, Dependencies, Settings};
use colloquy_contracts::Timestamp;
use serde_json::json;

use crate::{
    directory::Directory,
    group_commit::scripted::Scripted,
    service::{ALICE, Service},
};

const HOUR: i64 = 60 * 60 * 1000;
const START: i64 = 1_700_000_000_000;

#[tokio::test]
async fn decision_2_keys_are_kept_for_a_day_and_then_swept() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(START)));
    let service = Service::on(crate::sqlite::File::fresh(), clock.clone()).await;
    let body = json!({"roomId": service.room().await, "content": "hello"});
    for key in ["old", "young"] {
        service
            .post_keyed(ALICE, "/message", key, &body)
            .await
            .data();
        clock.advance_millis(2 * HOUR);
    }
    // The old one is 26 hours old now, the young one 24.
    clock.advance_millis(22 * HOUR);
    service.file.swept(Timestamp::from_millis(START)).await;
    service.file.aged(clock.now()).await;
    let service = Service::on(service.file, clock).await;
    let swept = async { while service.keys().await > 1 {} };
    let in_time = tokio::time::timeout(Duration::from_secs(20), swept).await;
    in_time.expect("the sweep comes");
    let young = service.post_keyed(ALICE, "/message", "young", &body).await;
    assert!(young.replayed());
    let old = service.post_keyed(ALICE, "/message", "old", &body).await;
    assert!(!old.replayed());
}

/// A repeat 19 h later is still a repeat.
#[tokio::test]
async fn b05_a_start_with_a_clock_that_is_ahead_forgets_no_key() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(START)));
    let service = Service::on(crate::sqlite::File::fresh(), clock.clone()).await;
    let body = json!({"roomId": service.room().await, "content": "hello"});
    let send = async |service: &Service| service.post_keyed(ALICE, "/message", "k", &body).await;
    send(&service).await.data();
    clock.advance_millis(26 * HOUR);
    let ahead = Service::on(service.file, clock.clone()).await;
    ahead.file.swept(clock.now()).await;
    clock.advance_millis(-7 * HOUR);
    let right = Service::on(ahead.file, clock).await;
    assert!(send(&right).await.replayed());
}

#[tokio::test]
async fn f36_a_disk_that_did_not_sync_a_sweep_ends_the_process() {
    let mut store = Scripted::default();
    store.sweeps_fail = true;
    let life = Lifecycle::default();
    let _service = ChatCommand::start(
        Dependencies {
            store: Arc::new(store),
            directory: Arc::new(Directory::default()),
            clock: Arc::new(SystemClock),
            flow: None,
        },
        Settings::default(),
        &life.tasks(),
    );
    let ended = life.run_until(std::future::pending::<()>);
    let in_time = tokio::time::timeout(Duration::from_secs(20), ended).await;
    assert!(matches!(in_time, Ok(Err(TaskDied))));
}
