//! Transactions that SQLite ends by itself, and files at their end.

use std::{fs, path::Path, time::Duration};

use colloquy_chassis::{Lifecycle, readiness::Readiness};
use colloquy_sql::{
    StoreError,
    sqlite::{Durability, SqliteDatabase},
};
use sqlx::{Sqlite, Transaction};
use tempfile::TempDir;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(5);

async fn open(path: &Path) -> SqliteDatabase {
    SqliteDatabase::open(path, Durability::Full).await.unwrap()
}

/// A file with a table that holds one row.
async fn file() -> (TempDir, SqliteDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder.path().join("write.db")).await;
    let table = "CREATE TABLE t (x BLOB); INSERT INTO t VALUES (1);";
    run(&database, table).await;
    (folder, database)
}

async fn run(database: &SqliteDatabase, sql: &'static str) {
    let done = sqlx::raw_sql(sql).execute(&database.writer).await;
    done.unwrap();
}

async fn rows(database: &SqliteDatabase) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM t").fetch_one(&database.readers);
    count.await.unwrap()
}

async fn begin(database: &SqliteDatabase) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    database.writer.begin_with("BEGIN IMMEDIATE").await
}

/// A transaction that the file has no room for.
async fn fill(database: &SqliteDatabase) -> sqlx::Error {
    let mut transaction = begin(database).await.unwrap();
    sqlx::raw_sql("PRAGMA max_page_count = 3; INSERT INTO t VALUES (2);")
        .execute(&mut *transaction)
        .await
        .unwrap();
    sqlx::query("INSERT INTO t VALUES (zeroblob(1000000))")
        .execute(&mut *transaction)
        .await
        .unwrap_err()
}

/// A transaction whose long statement is interrupted.
async fn interrupt(database: &SqliteDatabase) -> sqlx::Error {
    let mut transaction = begin(database).await.unwrap();
    let mut handle = transaction.lock_handle().await.unwrap();
    handle.set_progress_handler(1, || false);
    drop(handle);
    sqlx::query("UPDATE t SET x = x + 1")
        .execute(&mut *transaction)
        .await
        .unwrap_err()
}

fn code(error: &sqlx::Error) -> String {
    let refusal = error.as_database_error().expect("SQLite refuses");
    refusal.code().unwrap().into_owned()
}

#[tokio::test]
async fn b01_after_a_transaction_that_sqlite_ended_the_next_one_works() {
    let (_folder, database) = file().await;
    for (error, expected) in [
        (fill(&database).await, "13"),
        (interrupt(&database).await, "9"),
        (fill(&database).await, "13"),
    ] {
        assert_eq!(code(&error), expected);
        assert!(StoreError::from(error).is_transient());
    }
    let mut next = begin(&database).await.unwrap();
    sqlx::query("INSERT INTO t VALUES (3)")
        .execute(&mut *next)
        .await
        .unwrap();
    next.commit().await.unwrap();
    assert_eq!(rows(&database).await, 2, "nothing was kept of the others");
}

#[tokio::test]
async fn b01_a_lock_that_another_process_holds_is_waited_for_and_then_passes() {
    let (folder, database) = file().await;
    let other = open(&folder.path().join("write.db")).await;
    let held = begin(&other).await.unwrap();
    let busy = begin(&database).await.unwrap_err();
    assert_eq!(code(&busy), "5");
    assert!(StoreError::from(busy).is_transient());
    held.rollback().await.unwrap();
    begin(&database).await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn b01_the_gate_is_closed_while_the_last_write_failed_and_a_probe_fails() {
    let (_folder, database) = file().await;
    // What a probe cannot replace.
    run(&database, "CREATE VIEW write_probe AS SELECT 1").await;
    let (life, readiness) = (Lifecycle::default(), Readiness::default());
    database.guard("write.db", readiness.gate("write.db"), &life.tasks());
    assert!(readiness.waiting_for().is_empty());

    fill(&database).await;
    eventually(|| readiness.waiting_for() == ["write.db"]).await;
    run(&database, "DROP VIEW write_probe").await;
    eventually(|| readiness.waiting_for().is_empty()).await;
    assert_eq!(tables(&database).await, ["t"], "a probe leaves nothing");
}

async fn eventually(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, met).await.expect("the condition is not met");
}

async fn tables(database: &SqliteDatabase) -> Vec<String> {
    let tables = sqlx::query_scalar("SELECT name FROM sqlite_schema");
    tables.fetch_all(&database.readers).await.unwrap()
}

#[tokio::test]
async fn b04_a_file_that_is_closed_is_whole() {
    let (folder, database) = file().await;
    database.close().await;
    assert_eq!(names(folder.path()), ["write.db"]);
    assert_eq!(rows(&copy(&folder).await.1).await, 1);
}

#[tokio::test]
async fn b04_a_file_that_is_closed_while_it_is_read_is_whole() {
    let (folder, database) = file().await;
    let mut reader = database.readers.acquire().await.unwrap();
    let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM t");
    count.fetch_one(&mut *reader).await.unwrap();
    database.close().await;
    assert_eq!(rows(&copy(&folder).await.1).await, 1);
}

#[tokio::test]
async fn b04_what_a_process_that_was_killed_left_in_the_log_is_in_the_file_after_the_next_start() {
    let (folder, database) = file().await;
    let killed = tempfile::tempdir().unwrap();
    for name in ["write.db", "write.db-wal"] {
        fs::copy(folder.path().join(name), killed.path().join(name)).unwrap();
    }
    drop(database);
    let _started = open(&killed.path().join("write.db")).await;
    assert_eq!(rows(&copy(&killed).await.1).await, 1);
}

/// The file alone, without a write-ahead log.
async fn copy(folder: &TempDir) -> (TempDir, SqliteDatabase) {
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("write.db");
    fs::copy(folder.path().join("write.db"), &path).unwrap();
    let database = open(&path).await;
    (elsewhere, database)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
