//! When what is over-age may go (decision 39).

use std::{
    future::{pending, ready},
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use colloquy_chassis::{
    Clock, Lifecycle,
    clock::{ClockReadings, ManualClock},
    lifecycle::TaskDied,
};
use colloquy_contracts::Timestamp;
use colloquy_sql::{
    postgres,
    sqlite::{Durability, SqliteDatabase},
    sweeping::{KeptReadings, MemoryReadings, SqlReadings, Sweeper},
    test_database::postgres_database,
};
use tokio::time::{advance, sleep};

const START: i64 = 1_700_000_000_000;
const MINUTE: Duration = Duration::from_secs(60);

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(START + minutes * 60_000)
}

/// What every store of readings promises; `one` and `again` are the same ones, and `other` lies beside them.
async fn keeps(one: impl KeptReadings, again: impl KeptReadings, other: impl KeptReadings) {
    let none = ClockReadings::default();
    let (first, second) = tokio::join!(one.load(), again.load());
    assert_eq!((first.unwrap(), second.unwrap()), (none, none));
    let (a, b) = (
        none.with(at(0), Duration::ZERO),
        none.with(at(1), Duration::ZERO),
    );
    let (first, second) = tokio::join!(one.replace(&none, &a), again.replace(&none, &b));
    assert!(
        first.unwrap() != second.unwrap(),
        "one of two replaces them"
    );
    let kept = again.load().await.unwrap();
    assert!(kept == a || kept == b);
    let next = kept.with(at(61), 60 * MINUTE);
    assert!(!one.replace(&none, &next).await.unwrap(), "too late");
    assert!(one.replace(&kept, &next).await.unwrap());
    assert_eq!(again.load().await.unwrap(), next);
    assert_eq!(other.load().await.unwrap(), none);
}

#[tokio::test]
async fn b05_sqlite_keeps_readings_beside_what_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("swept.db");
    let one = SqliteDatabase::open(&path, Durability::Full).await.unwrap();
    let two = SqliteDatabase::open(&path, Durability::Full).await.unwrap();
    let readings = |database: &SqliteDatabase, sweep| SqlReadings::new(database.clone(), sweep);
    keeps(
        readings(&one, "keys"),
        readings(&two, "keys"),
        readings(&one, "mails"),
    )
    .await;
}

#[tokio::test]
async fn b05_postgres_keeps_readings_beside_what_is_swept() {
    let url = postgres_database().await;
    let pool = || postgres::pool(&url, 2).unwrap();
    keeps(
        SqlReadings::new(pool(), "keys"),
        SqlReadings::new(pool(), "keys"),
        SqlReadings::new(pool(), "mails"),
    )
    .await;
}

/// A clock that goes with the time that the test lets pass, and may be ahead.
struct Running {
    since: tokio::time::Instant,
    ahead: AtomicI64,
}

impl Clock for Running {
    fn now(&self) -> Timestamp {
        let ran = i64::try_from(self.since.elapsed().as_millis()).unwrap();
        Timestamp::from_millis(START + ran + self.ahead.load(Ordering::SeqCst))
    }
}

/// Runs a sweeper on these readings for so long; the latest instant that was over-age.
async fn swept(
    kept: &Arc<MemoryReadings>,
    clock: &Arc<impl Clock>,
    for_so_long: Duration,
) -> Option<Timestamp> {
    let over_age = Arc::new(AtomicI64::new(i64::MIN));
    let (lifecycle, latest) = (Lifecycle::default(), Arc::clone(&over_age));
    let sweeper = Sweeper::new(Arc::clone(kept) as _, Arc::clone(clock) as _);
    sweeper.start("sweep", &lifecycle.tasks(), move |readings| {
        if let Some(instant) = readings.over_age() {
            latest.fetch_max(instant.millis(), Ordering::SeqCst);
        }
        ready(ControlFlow::Continue(()))
    });
    lifecycle.run_until(|| sleep(for_so_long)).await.unwrap();
    let latest = over_age.load(Ordering::SeqCst);
    (latest > i64::MIN).then(|| Timestamp::from_millis(latest))
}

#[tokio::test(start_paused = true)]
async fn b05_an_hour_of_running_time_may_be_that_of_many_short_lives() {
    let clock = Arc::new(Running {
        since: tokio::time::Instant::now(),
        ahead: AtomicI64::new(0),
    });
    let kept = Arc::new(MemoryReadings::default());
    for life in 0..150 {
        let over_age = swept(&kept, &clock, Duration::from_secs(30)).await;
        assert_eq!(over_age.is_some(), life >= 120, "{life}");
        let ran = (life + 1) * Duration::from_secs(30);
        assert_eq!(kept.load().await.unwrap().ran(), ran);
        // A day in which nothing runs.
        advance(Duration::from_secs(86_400)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn b05_processes_that_run_side_by_side_do_not_make_an_hour_pass_faster() {
    let clock = Arc::new(Running {
        since: tokio::time::Instant::now(),
        ahead: AtomicI64::new(0),
    });
    let kept = Arc::new(MemoryReadings::default());
    let all = || async {
        tokio::join!(
            swept(&kept, &clock, 59 * MINUTE),
            swept(&kept, &clock, 59 * MINUTE),
            swept(&kept, &clock, 59 * MINUTE)
        )
    };
    assert_eq!(all().await, (None, None, None));
    let ran = kept.load().await.unwrap().ran();
    assert!(ran > 50 * MINUTE && ran <= 60 * MINUTE, "{ran:?}");
}

#[tokio::test(start_paused = true)]
async fn b05_a_clock_that_is_ahead_for_a_while_makes_nothing_over_age() {
    let clock = Arc::new(Running {
        since: tokio::time::Instant::now(),
        ahead: AtomicI64::new(86_400_000),
    });
    let kept = Arc::new(MemoryReadings::default());
    assert_eq!(swept(&kept, &clock, 45 * MINUTE).await, None);
    clock.ahead.store(0, Ordering::SeqCst);
    let over_age = swept(&kept, &clock, 200 * MINUTE).await.unwrap();
    assert!(over_age <= clock.now(), "{over_age}");
    assert!(over_age >= at(60), "{over_age}");
}

#[tokio::test(start_paused = true)]
async fn b05_a_sweep_that_breaks_ends_its_process() {
    let lifecycle = Lifecycle::default();
    let clock = Arc::new(ManualClock::at(at(0)));
    let sweeper = Sweeper::new(Arc::new(MemoryReadings::default()), clock);
    let breaks = |_| ready(ControlFlow::Break(()));
    sweeper.start("sweep", &lifecycle.tasks(), breaks);
    let ended = lifecycle.run_until(pending::<()>);
    assert!(matches!(ended.await, Err(TaskDied)));
}
