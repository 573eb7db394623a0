//! What instances and readers ask of PostgreSQL while no session ends, and that none of them learns of it later for that.

use std::{sync::Arc, time::Duration};

use colloquy_auth::{
    SessionStore as _,
    session_store::{conformance::session, postgres::PostgresSessionStore},
};
use colloquy_chassis::{Lifecycle, readiness::Readiness};
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_service_api::{RevocationFeed as _, RevocationList, revocations::Reading};
use colloquy_sql::{
    postgres,
    test_database::{database_of, postgres_database, postgres_server},
};
use sqlx::PgPool;
use tokio::time::{Instant, sleep, timeout};

use crate::parts::{OneAccount, auth_on, clock};

const TIMEOUT: Duration = Duration::from_secs(10);

async fn store(url: &str) -> PostgresSessionStore {
    let pool = postgres::pool(url, 5).unwrap();
    PostgresSessionStore::open(pool).await.unwrap()
}

/// Committed in this database, as the server counts.
async fn transactions(server: &PgPool, url: &str) -> i64 {
    let name = database_of(url);
    sqlx::query_scalar("SELECT xact_commit FROM pg_stat_database WHERE datname = $1")
        .bind(name)
        .fetch_one(server)
        .await
        .unwrap()
}

#[tokio::test]
async fn b29_readers_that_have_nothing_to_learn_ask_the_database_seldom() {
    const SECONDS: i64 = 5;
    let url = postgres_database().await;
    let auth = auth_on(Arc::new(store(&url).await), OneAccount, false);
    let (readiness, lifecycle) = (Readiness::default(), Lifecycle::default());
    let readers = [(); 4].map(|()| {
        let gate = readiness.gate("revocations");
        RevocationList::follow(auth.clone(), clock(), gate, &lifecycle.tasks())
    });
    let opened = async {
        while !readiness.waiting_for().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(TIMEOUT, opened).await.unwrap();
    let server = postgres_server();
    let server = postgres::pool(&server, 1).unwrap();
    let before = transactions(&server, &url).await;
    sleep(Duration::from_secs(SECONDS.unsigned_abs())).await;
    let a_second = (transactions(&server, &url).await - before) / SECONDS;
    // A question is one statement, and what goes back to the pool is tried twice: 24. To look again every 100 ms took 59.
    assert!((1..=40).contains(&a_second), "{a_second} a second");
    drop(readers);
}

#[tokio::test]
async fn b29_a_reader_that_waits_hears_at_once_what_another_instance_has_recorded() {
    let url = postgres_database().await;
    let (here, elsewhere) = (store(&url).await, store(&url).await);
    let lifecycle = Lifecycle::default();
    let mut hearing = here.changes();
    here.start_listening(&lifecycle.tasks());
    timeout(TIMEOUT, hearing.changed()).await.unwrap().unwrap();
    let auth = auth_on(Arc::new(here), OneAccount, false);
    let mut quickest = Duration::MAX;
    for number in 1..=5 {
        let reading = Reading {
            after: number - 1,
            reader: "gateway".to_owned(),
        };
        let following = async { while auth.read(&reading).await.unwrap().up_to < number {} };
        let (followed, ()) = tokio::join!(timeout(TIMEOUT, following), async {
            let ended = session(number.unsigned_abs().into());
            let recording = elsewhere.revoke(CustomerId(1), &ended, Timestamp::from_millis(1));
            let begun = Instant::now();
            assert_eq!(recording.await.unwrap(), number);
            timeout(TIMEOUT, hearing.changed()).await.unwrap().unwrap();
            quickest = quickest.min(begun.elapsed());
        });
        followed.unwrap();
    }
    assert!(quickest < Duration::from_millis(250), "{quickest:?}");
}
