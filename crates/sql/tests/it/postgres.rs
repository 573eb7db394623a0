//! PostgreSQL behind a network that falls silent.

use std::{
    future::{pending, ready},
    time::Duration,
};

use colloquy_sql::{
    StoreError,
    hanging_server::{Proxy, fails_in_time, fill},
    postgres::{self, bounded},
};
use sqlx::PgPool;
use tokio::time::timeout;

fn server() -> String {
    std::env::var("COLLOQUY_TEST_POSTGRES")
        .expect("run the tests with `cargo xtask test`, which starts the real parts")
}

async fn ask(pool: &PgPool) -> Result<(), StoreError> {
    bounded(pool, sqlx::query("SELECT 1").execute(pool)).await??;
    Ok(())
}

/// A pool whose connections all hang, though new ones would not, once this has asked in vain.
async fn after_silence(asked_in_vain: impl AsyncFnOnce(&PgPool)) -> (Proxy, PgPool) {
    let (proxy, url) = Proxy::before(&server()).await;
    let pool = postgres::pool(&url, 3).unwrap();
    fill(&pool).await;
    proxy.swallow();
    asked_in_vain(&pool).await;
    assert_eq!(pool.num_idle(), 0);
    proxy.forward_new_connections();
    (proxy, pool)
}

#[tokio::test]
async fn promise_p5_p6_after_a_call_without_an_answer_the_next_has_another_connection() {
    let (_proxy, pool) = after_silence(async |pool| fails_in_time("a call", ask(pool)).await).await;
    ask(&pool).await.unwrap();
    fill(&pool).await;
}

#[tokio::test]
async fn promise_p5_a_caller_that_gives_up_earlier_leaves_no_hanging_connection_either() {
    let (_proxy, pool) = after_silence(async |pool| {
        let patience = timeout(Duration::from_secs(1), ask(pool));
        patience.await.unwrap_err();
    })
    .await;
    ask(&pool).await.unwrap();
    fill(&pool).await;
}

#[tokio::test]
async fn promise_p6_who_gives_up_at_once_costs_no_connection() {
    let pool = postgres::pool(&server(), 3).unwrap();
    fill(&pool).await;
    tokio::select! {
        biased;
        _ = bounded(&pool, pending::<()>()) => unreachable!("nothing is ever answered"),
        () = ready(()) => {}
    }
    assert_eq!(pool.num_idle(), 3);
}
