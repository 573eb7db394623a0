//! PostgreSQL behind a network that falls silent, and one that answers what it cannot do just now.

use std::{
    future::{pending, ready},
    str::FromStr as _,
    time::Duration,
};

use colloquy_chassis::{Failure as _, Kind, answer::chain};
use colloquy_sql::{
    StoreError,
    hanging_server::{Proxy, fails_in_time, fill},
    postgres::{self, bounded},
    test_database::{database_of, missing_postgres_database, postgres_database, postgres_server},
};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool, postgres::PgConnectOptions,
};
use tokio::time::timeout;
use uuid::Uuid;

async fn ask(pool: &PgPool) -> Result<(), StoreError> {
    bounded(pool, sqlx::query("SELECT 1").execute(pool)).await??;
    Ok(())
}

/// The same server, with and without TLS on the way.
fn both_ways() -> [String; 2] {
    let over_tls = std::env::var("COLLOQUY_TEST_TLS_POSTGRES");
    let why = "run the tests with `cargo xtask test`, which starts the real parts";
    [postgres_server(), over_tls.expect(why)]
}

/// A pool whose connections all hang, though new ones would not, once this has asked in vain.
async fn after_silence(server: &str, asked_in_vain: impl AsyncFnOnce(&PgPool)) -> (Proxy, PgPool) {
    let (proxy, url) = Proxy::before(server).await;
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
    for server in both_ways() {
        let in_vain = async |pool: &PgPool| fails_in_time("a call", ask(pool)).await;
        let (_proxy, pool) = after_silence(&server, in_vain).await;
        ask(&pool).await.unwrap();
        fill(&pool).await;
    }
}

#[tokio::test]
async fn promise_p5_a_caller_that_gives_up_earlier_leaves_no_hanging_connection_either() {
    for server in both_ways() {
        let in_vain = async |pool: &PgPool| {
            let patience = timeout(Duration::from_secs(1), ask(pool));
            patience.await.unwrap_err();
        };
        let (_proxy, pool) = after_silence(&server, in_vain).await;
        ask(&pool).await.unwrap();
        fill(&pool).await;
    }
}

#[tokio::test]
async fn promise_p6_who_gives_up_at_once_costs_no_connection() {
    let pool = postgres::pool(postgres_server(), 3).unwrap();
    fill(&pool).await;
    tokio::select! {
        biased;
        _ = bounded(&pool, pending::<()>()) => unreachable!("nothing is ever answered"),
        () = ready(()) => {}
    }
    assert_eq!(pool.num_idle(), 3);
}

#[tokio::test]
async fn promise_p5_a_server_that_only_reads_may_write_again_later() {
    let url = postgres_database().await;
    let name = database_of(&url);
    let admin = postgres::pool(postgres_server(), 1).unwrap();
    let read_only = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    admin.execute(AssertSqlSafe(read_only)).await.unwrap();
    let pool = postgres::pool(&url, 1).unwrap();
    let refused = pool.execute("CREATE TABLE t (x BIGINT)").await.unwrap_err();
    assert_eq!(state(&refused), "25006");
    assert!(StoreError::from(refused).is_transient());
}

#[tokio::test]
async fn promise_p5_a_transaction_that_was_idle_for_too_long_can_be_tried_again() {
    let pool = postgres::pool(postgres_server(), 1).unwrap();
    let mut transaction = pool.begin().await.unwrap();
    let process: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    let limit = "SET idle_in_transaction_session_timeout = '1ms'";
    transaction.execute(limit).await.unwrap();
    let others = postgres::pool(postgres_server(), 1).unwrap();
    while is_there(&others, process).await {}
    let cut = transaction.execute("SELECT 1").await.unwrap_err();
    assert_eq!(state(&cut), "25P03");
    assert!(StoreError::from(cut).is_transient());
}

#[tokio::test]
async fn b27_a_server_that_knows_no_such_database_locks_us_out_until_it_does() {
    let pool = postgres::pool(missing_postgres_database(), 1).unwrap();
    let refused = pool.execute("SELECT 1").await.unwrap_err();
    assert_eq!(state(&refused), "3D000");
    assert_locked_out(refused);
}

#[tokio::test]
async fn b27_a_role_that_is_no_longer_let_in_is_locked_out_until_it_is() {
    let admin = postgres::pool(postgres_server(), 1).unwrap();
    let role = format!("sql_{}", Uuid::new_v4().simple());
    let run = async |statement: String| admin.execute(AssertSqlSafe(statement)).await.unwrap();
    run(format!("CREATE ROLE {role} LOGIN")).await;
    let options = PgConnectOptions::from_str(&postgres_server()).unwrap();
    let options = options.username(&role);
    let connect = || PgConnection::connect_with(&options);
    let mut connection = connect().await.unwrap();
    let forbidden = connection.execute("CREATE ROLE sql_other").await;
    let forbidden = forbidden.unwrap_err();
    assert_eq!(state(&forbidden), "42501");
    assert_locked_out(forbidden);

    run(format!("ALTER ROLE {role} NOLOGIN")).await;
    let refused = connect().await.unwrap_err();
    assert_eq!(state(&refused), "28000");
    assert_locked_out(refused);
    run(format!("ALTER ROLE {role} LOGIN")).await;
    connect().await.unwrap();
    run(format!("DROP ROLE {role}")).await;
}

/// A request is to be repeated, and the log says why.
#[track_caller]
fn assert_locked_out(error: sqlx::Error) {
    let refusal = error.to_string();
    let error = StoreError::from(error);
    assert!(error.is_locked_out() && error.is_transient());
    assert_eq!(error.kind(), Kind::Unavailable);
    let answer = chain(&error);
    assert!(answer.contains(&refusal), "{answer}");
}

fn state(error: &sqlx::Error) -> String {
    let refusal = error.as_database_error().expect("the server refuses");
    refusal.code().unwrap().into_owned()
}

async fn is_there(pool: &PgPool, process: i32) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)")
        .bind(process)
        .fetch_one(pool)
        .await
        .unwrap()
}
