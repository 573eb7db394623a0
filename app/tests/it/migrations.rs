//! Tables are migrated forward only, and by one of several instances that start at once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    future::Future,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use colloquy_auth::{SqlLoginThrottleStore, session_store::postgres::PostgresSessionStore};
use colloquy_chat_command::write_store::postgres::migrate;
use colloquy_customer::customer_store::SqlCustomerStore;
use colloquy_mail::mail_store::postgres::PostgresMailStore;
use colloquy_sql::{postgres, test_database::postgres_database};
use sqlx::{AssertSqlSafe, PgPool};

use crate::{
    data_folder::{close, start},
    operating::{eventually, outbox},
};

const INSTANCES: usize = 3;
/// The notes of what was migrated: of services that share a database, and of files.
const IN_POSTGRES: [&str; 4] = [
    "customer_migrations",
    "auth_migrations",
    "mail_migrations",
    "chat_command_migrations",
];
const IN_FILES: [(&str, &str); 4] = [
    ("accounts.db", "_sqlx_migrations"),
    ("sessions.db", "_sqlx_migrations"),
    ("mail.db", "_sqlx_migrations"),
    ("write.db", "chat_command_migrations"),
];

/// Every store that makes tables, opened once.
pub async fn open_all(pool: PgPool) -> Vec<Result<(), String>> {
    async fn outcome<T, E: std::fmt::Debug>(
        opening: impl Future<Output = Result<T, E>>,
    ) -> Result<(), String> {
        opening
            .await
            .map(drop)
            .map_err(|error| format!("{error:?}"))
    }
    // Boxed, because migrations of every service at once are more than a stack of tests holds.
    let (customers, sessions, throttle, mails, writes) = tokio::join!(
        Box::pin(outcome(SqlCustomerStore::open(pool.clone()))),
        Box::pin(outcome(PostgresSessionStore::open(pool.clone()))),
        Box::pin(outcome(SqlLoginThrottleStore::open(pool.clone()))),
        Box::pin(outcome(PostgresMailStore::open(pool.clone()))),
        Box::pin(outcome(migrate(&pool))),
    );
    vec![customers, sessions, throttle, mails, writes]
}

#[tokio::test(flavor = "multi_thread")]
async fn all_services_that_start_at_once_in_several_instances_migrate_one_database() {
    let url = postgres_database().await;
    let pool = || postgres::pool(&url, 5).unwrap();
    let (one, two, three) = tokio::join!(
        Box::pin(open_all(pool())),
        Box::pin(open_all(pool())),
        Box::pin(open_all(pool()))
    );
    let outcomes = [one, two, three].concat();
    assert_eq!(outcomes, vec![Ok(()); 5 * INSTANCES]);
    for notes in IN_POSTGRES {
        let sql = format!("SELECT count(*) FROM {notes} WHERE success");
        let applied: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&pool())
            .await
            .unwrap();
        assert!(applied > 0, "{notes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_a_newer_release_has_migrated_is_refused() {
    let url = postgres_database().await;
    let pool = postgres::pool(&url, 5).unwrap();
    open_all(pool.clone()).await;
    for notes in IN_POSTGRES {
        let sql = format!("UPDATE {notes} SET version = 9000 WHERE version = 1");
        sqlx::query(AssertSqlSafe(sql))
            .execute(&pool)
            .await
            .unwrap();
    }
    for outcome in open_all(pool).await {
        let refusal = outcome.unwrap_err();
        assert!(refusal.contains("9000"), "{refusal}");
    }
}

fn colloquy(data: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_start_at_once_in_one_data_folder_one_does() {
    let data = tempfile::tempdir().unwrap();
    let mut processes = [colloquy(data.path()), colloquy(data.path())];
    let mut ended = None;
    let found = tokio::time::timeout(Duration::from_secs(60), async {
        while ended.is_none() {
            ended = processes
                .iter_mut()
                .position(|process| process.try_wait().unwrap().is_some());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    found.await.expect("one of them ends");
    let [one, two] = processes;
    let (refused, mut served) = if ended == Some(0) {
        (one, two)
    } else {
        (two, one)
    };
    let output = refused.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("is in use by another process"));
    eventually(async || data.path().join("views.db").exists()).await;
    assert!(served.try_wait().unwrap().is_none(), "it has ended as well");
    served.kill().unwrap();
    served.wait().unwrap();
    drop(start(data.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_a_newer_release_has_migrated_is_refused() {
    let whole = tempfile::tempdir().unwrap();
    drop(start(whole.path()));
    for (file, notes) in IN_FILES {
        let data = crate::data_folder::copy(whole.path());
        let opened = outbox(data.path(), file).await;
        let sql = format!("UPDATE {notes} SET version = 9000 WHERE version = 1");
        let writer = &opened.database().writer;
        let noted = sqlx::query(AssertSqlSafe(sql)).execute(writer).await;
        assert_eq!(noted.unwrap().rows_affected(), 1, "{file}");
        close(opened.database()).await;
        let output = colloquy(data.path()).wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{file}");
        assert!(said(&output).contains("9000"), "{file}: {}", said(&output));
    }
}
