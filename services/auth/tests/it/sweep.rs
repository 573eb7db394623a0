//! How long it is kept which sessions have ended (decision 39).

use std::{sync::Arc, time::Duration};

use colloquy_auth::{Auth, SessionStore, session_store::conformance::session};
use colloquy_chassis::{Clock as _, Lifecycle, clock::ManualClock};
use colloquy_contracts::{CustomerId, Timestamp};

use crate::parts::{NOW, OneAccount, auth_at, clock, sqlite_store};

const AN: CustomerId = CustomerId(1);
const HOUR: i64 = 3_600_000;

/// Auth as a process that starts now and has swept once.
async fn swept(store: &Arc<dyn SessionStore>, clock: &Arc<ManualClock>) -> Arc<Auth> {
    let auth = auth_at(clock, Arc::clone(store), OneAccount, false);
    auth.start_sweeping(&Lifecycle::default().tasks());
    let readings = store.readings();
    let sweeping = async { while readings.load().await.unwrap().highest() < clock.now() {} };
    let in_time = tokio::time::timeout(Duration::from_secs(20), sweeping).await;
    in_time.expect("the sweep comes");
    auth
}

/// As if the clock had been right for hours.
async fn aged(store: &Arc<dyn SessionStore>, clock: &ManualClock) {
    let readings = store.readings();
    let (now, hour) = (clock.now(), Duration::from_secs(3600));
    // Again when a sweeper of the process has replaced them meanwhile.
    loop {
        let loaded = readings.load().await.unwrap();
        let aged = loaded.with(now, hour).with(now, hour);
        if readings.replace(&loaded, &aged).await.unwrap() {
            return;
        }
    }
}

async fn kept(store: &Arc<dyn SessionStore>) -> usize {
    store.read_after(0).await.unwrap().revocations.len()
}

#[tokio::test]
async fn b05_a_start_with_a_clock_that_is_ahead_forgets_no_ended_session() {
    let ((_folder, store), clock) = (sqlite_store().await, clock());
    let auth = auth_at(&clock, Arc::clone(&store), OneAccount, false);
    auth.end_sessions(AN, &session(1)).await.unwrap();
    for ahead in [7 * HOUR, 26 * HOUR, 30 * 24 * HOUR] {
        clock.advance_millis(ahead);
        swept(&store, &clock).await;
        clock.advance_millis(-ahead);
        assert_eq!(kept(&store).await, 1, "{ahead}");
    }
}

#[tokio::test]
async fn b05_an_ended_session_is_forgotten_48_hours_after_it_could_matter() {
    let ((_folder, store), clock) = (sqlite_store().await, clock());
    let auth = auth_at(&clock, Arc::clone(&store), OneAccount, false);
    auth.end_sessions(AN, &session(1)).await.unwrap();
    for (hours, left) in [(71, 1), (1, 0)] {
        clock.advance_millis(hours * HOUR);
        aged(&store, &clock).await;
        swept(&store, &clock).await;
        let forgotten = async { while kept(&store).await != left {} };
        let in_time = tokio::time::timeout(Duration::from_secs(20), forgotten).await;
        in_time.unwrap_or_else(|_| panic!("{left} are left"));
    }
}

/// A token may have been signed while the clock was ahead, and lives until a day after that.
#[tokio::test]
async fn b05_an_ended_session_is_kept_for_as_long_as_a_clock_was_ahead() {
    let ((_folder, store), clock) = (sqlite_store().await, clock());
    let ahead = 30 * 24 * HOUR;
    let readings = store.readings();
    let none = readings.load().await.unwrap();
    let read = none.with(Timestamp::from_millis(NOW * 1000 + ahead), Duration::ZERO);
    assert!(readings.replace(&none, &read).await.unwrap());
    let auth = auth_at(&clock, Arc::clone(&store), OneAccount, false);
    auth.start_sweeping(&Lifecycle::default().tasks());
    let ended = async {
        for number in 1.. {
            auth.end_sessions(AN, &session(number)).await.unwrap();
            let read = store.read_after(0).await.unwrap();
            let last = read.revocations.last().unwrap();
            if last.expires_at.millis() >= NOW * 1000 + ahead + 72 * HOUR {
                return;
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), ended).await;
    in_time.expect("the readings are known soon after the start");
}
