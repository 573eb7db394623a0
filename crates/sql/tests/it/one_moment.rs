//! Copies of several files at one moment (ADR 028).

use std::{
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use colloquy_chassis::Lifecycle;
use colloquy_sql::sqlite::{Copied, Durability, OneMoment, SqliteDatabase};
use sqlx::AssertSqlSafe;
use tokio::{sync::Notify, time::timeout};

/// A file with every kind of table that a service of ours has.
const TABLES: &str = "
    CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL UNIQUE) STRICT;
    INSERT INTO counted (id, text) VALUES (5, 'five'), (9, 'nine'), (12, 'twelve');
    DELETE FROM counted WHERE id = 12;
    CREATE TABLE \"a \"\"name\" (k TEXT, b BLOB, n INTEGER, PRIMARY KEY (k, n)) STRICT, WITHOUT ROWID;
    INSERT INTO \"a \"\"name\" VALUES ('k', x'00ff', NULL OR 1), ('k', NULL, 2);
    CREATE INDEX by_n ON \"a \"\"name\" (n);
    CREATE VIEW seen AS SELECT text FROM counted;
    CREATE TRIGGER grows AFTER INSERT ON counted BEGIN INSERT INTO \"a \"\"name\" VALUES (new.text, NULL, new.id); END;
    PRAGMA user_version = 7;";

async fn open(path: &Path) -> SqliteDatabase {
    SqliteDatabase::open(path, Durability::Full).await.unwrap()
}

async fn run(database: &SqliteDatabase, sql: &'static str) {
    let done = sqlx::raw_sql(sql).execute(&database.writer).await;
    done.unwrap();
}

async fn number(database: &SqliteDatabase, sql: &'static str) -> i64 {
    let number = sqlx::query_scalar(sql).fetch_one(&database.readers);
    number.await.unwrap()
}

async fn texts(database: &SqliteDatabase, sql: &str) -> Vec<String> {
    let texts = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
    texts.fetch_all(&database.readers).await.unwrap()
}

fn copied(folder: &Path, into: &Path, names: &[&str]) -> Vec<Copied> {
    let file = |name: &&str| Copied {
        from: folder.join(name),
        to: into.join(format!("copy of {name}")),
    };
    names.iter().map(file).collect()
}

#[tokio::test]
async fn a_copy_has_all_that_the_file_has() {
    let folder = tempfile::tempdir().unwrap();
    let original = open(&folder.path().join("one.db")).await;
    run(&original, TABLES).await;
    let files = copied(folder.path(), folder.path(), &["one.db"]);
    OneMoment::of(&files).await.unwrap().write().await.unwrap();
    let copy = open(&files[0].to).await;
    for sql in [
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name",
        "SELECT id || text FROM counted ORDER BY id",
        "SELECT name || seq FROM sqlite_sequence",
        "SELECT k || quote(b) || n FROM \"a \"\"name\" ORDER BY n",
        "SELECT integrity_check FROM pragma_integrity_check",
    ] {
        let of_original = texts(&original, sql).await;
        assert!(!of_original.is_empty(), "{sql}");
        assert_eq!(texts(&copy, sql).await, of_original, "{sql}");
    }
    assert_eq!(number(&copy, "PRAGMA user_version").await, 7);
    run(&copy, "INSERT INTO counted (text) VALUES ('next')").await;
    assert_eq!(number(&copy, "SELECT max(id) FROM counted").await, 13);
}

#[tokio::test]
async fn the_moment_waits_for_a_transaction_in_any_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["one.db", "two.db"];
    for locked in names {
        let mut databases = Vec::new();
        for name in names {
            let database = open(&folder.path().join(name)).await;
            run(&database, "CREATE TABLE IF NOT EXISTS t (n)").await;
            databases.push(database);
        }
        let place = names.iter().position(|name| *name == locked).unwrap();
        let mut transaction = databases[place]
            .writer
            .begin_with("BEGIN IMMEDIATE")
            .await
            .unwrap();
        sqlx::query("INSERT INTO t VALUES (1)")
            .execute(&mut *transaction)
            .await
            .unwrap();
        let into = folder.path().join(format!("while {locked} is written"));
        std::fs::create_dir(&into).unwrap();
        let files = copied(folder.path(), &into, &names);
        let mut taking = pin!(OneMoment::of(&files));
        let early = timeout(Duration::from_millis(300), &mut taking).await;
        assert!(early.is_err(), "{locked} was not waited for");
        transaction.commit().await.unwrap();
        taking.await.unwrap().write().await.unwrap();
        assert_eq!(rows(files[place].to.clone()).await, 1, "{locked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_of_one_moment_while_their_files_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["one.db", "two.db", "three.db"];
    let mut databases = Vec::new();
    for name in names {
        let database = open(&folder.path().join(name)).await;
        run(
            &database,
            "CREATE TABLE t (n INTEGER PRIMARY KEY AUTOINCREMENT)",
        )
        .await;
        databases.push(database);
    }
    let (lifecycle, grew) = (Lifecycle::default(), Arc::new(Notify::new()));
    let (tasks, writers, growing) = (lifecycle.tasks(), databases.clone(), Arc::clone(&grew));
    tasks.spawn(async move {
        loop {
            for database in &writers {
                run(database, "INSERT INTO t DEFAULT VALUES").await;
            }
            growing.notify_one();
        }
    });
    for round in 0..20 {
        grew.notified().await;
        let before = number(&databases[0], "SELECT count(*) FROM t").await;
        let into = folder.path().join(round.to_string());
        std::fs::create_dir(&into).unwrap();
        let files = copied(folder.path(), &into, &names);
        let moment = OneMoment::of(&files).await.unwrap();
        // What is written from now on is in no copy. One notice may be of before, the next of a round that was under way.
        for _ in 0..3 {
            grew.notified().await;
        }
        let after = number(&databases[0], "SELECT count(*) FROM t").await;
        moment.write().await.unwrap();
        let [one, two, three] = [0, 1, 2].map(|place: usize| files[place].to.clone());
        let [one, two, three] = [rows(one).await, rows(two).await, rows(three).await];
        assert!(before <= one && one < after, "{before} {one} {after}");
        assert!(
            one >= two && two >= three && three + 1 >= one,
            "{one} {two} {three}"
        );
    }
}

async fn rows(copy: PathBuf) -> i64 {
    number(&open(&copy).await, "SELECT count(*) FROM t").await
}

#[tokio::test]
async fn a_damaged_file_has_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder.path().join("one.db")).await;
    run(
        &database,
        "CREATE TABLE t (x TEXT); INSERT INTO t SELECT hex(zeroblob(900)) FROM pragma_function_list LIMIT 100;",
    )
    .await;
    database.close().await;
    let files = copied(folder.path(), folder.path(), &["one.db"]);
    let mut content = std::fs::read(&files[0].from).unwrap();
    // The head of a page of rows.
    let page = content.len() / 2 / 4096 * 4096;
    content[page..page + 16].fill(0xff);
    std::fs::write(&files[0].from, content).unwrap();
    let moment = OneMoment::of(&files).await.unwrap();
    moment.write().await.unwrap_err();
}
