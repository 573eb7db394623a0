//! A database of each release is brought to this one by instances that start at once.
//!
//! `e2e/fixtures/postgres-VERSION.sql.gz` is what that release made of its own data folder by `colloquy import`, into one
//! database, as `pg_dump --no-owner --no-privileges --inserts` wrote it.

use std::{path::Path, process::Command};

use colloquy_sql::{postgres, test_database::postgres_database};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{fixtures, is_kept};
use crate::{import::everything_is_there, migrations::open_all};

const DUMPS: &str = "postgres-";

#[test]
fn a_database_of_this_release_is_kept_for_later_ones() {
    is_kept(DUMPS, ".sql.gz");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_every_release_is_migrated_by_two_instances_at_once_with_all_that_was_in_it()
{
    for dump in fixtures(DUMPS) {
        let url = postgres_database().await;
        load(&dump, &url).await;
        let pool = || postgres::pool(&url, 5).unwrap();
        let (one, two) = tokio::join!(Box::pin(open_all(pool())), Box::pin(open_all(pool())));
        for outcome in one.into_iter().chain(two) {
            assert_eq!(outcome, Ok(()), "{}", dump.display());
        }
        everything_is_there(&pool()).await;
    }
}

/// Runs the statements of a dump in an empty database.
async fn load(dump: &Path, url: &str) {
    let output = Command::new("gzip").arg("-dc").arg(dump).output().unwrap();
    assert!(output.status.success(), "{}", dump.display());
    let text = String::from_utf8(output.stdout).unwrap();
    // What begins so is for psql, and no statement.
    let statements: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with('\\'))
        .collect();
    let mut connection = PgConnection::connect(url).await.unwrap();
    let statements = AssertSqlSafe(statements.join("\n"));
    sqlx::raw_sql(statements)
        .execute(&mut connection)
        .await
        .unwrap();
}
