//! Either database, for stores whose SQL is the same in both. What differs stays in adapters of their own.

use sqlx::PgPool;

use crate::sqlite::SqliteDatabase;

/// A SQLite file or a PostgreSQL server. Cheap to clone.
///
/// Work is written once, with [`fetch!`](crate::fetch), [`execute!`](crate::execute) and
/// [`transaction!`](crate::transaction), and compiled for both. On PostgreSQL it is [`bounded`](crate::postgres::bounded).
#[derive(Clone, Debug)]
pub enum Database {
    /// A file of this process.
    Sqlite(SqliteDatabase),
    /// A server, which other instances use too.
    Postgres(PgPool),
}

impl From<SqliteDatabase> for Database {
    fn from(file: SqliteDatabase) -> Self {
        Self::Sqlite(file)
    }
}

impl From<PgPool> for Database {
    fn from(pool: PgPool) -> Self {
        Self::Postgres(pool)
    }
}

/// Reads with one query of sqlx and the method that fetches: `fetch!(database, fetch_one, sqlx::query_scalar(SQL))`
/// answers what the method does, or a [`StoreError`](crate::StoreError).
#[macro_export]
macro_rules! fetch {
    ($database:expr, $fetch:ident, $query:expr) => {
        match &$database {
            $crate::Database::Sqlite(file) => {
                let fetched = $query.$fetch(&file.readers).await;
                fetched.map_err($crate::StoreError::from)
            }
            $crate::Database::Postgres(pool) => {
                let fetched = $crate::postgres::bounded(pool, $query.$fetch(pool)).await;
                fetched.and_then(|fetched| Ok(fetched?))
            }
        }
    };
}

/// Writes with one query of sqlx, and answers how many rows it changed, or a [`StoreError`](crate::StoreError).
#[macro_export]
macro_rules! execute {
    ($database:expr, $query:expr) => {
        match &$database {
            $crate::Database::Sqlite(file) => {
                let done = $query.execute(&file.writer).await;
                done.map(|done| done.rows_affected())
                    .map_err($crate::StoreError::from)
            }
            $crate::Database::Postgres(pool) => {
                let done = $crate::postgres::bounded(pool, $query.execute(pool)).await;
                done.and_then(|done| Ok(done?.rows_affected()))
            }
        }
    };
}

/// Runs a block in a transaction, and answers its result. The block commits; otherwise all of it is rolled back. In SQLite
/// no other transaction writes meanwhile.
#[macro_export]
macro_rules! transaction {
    ($database:expr, |$transaction:ident| $work:block) => {
        match &$database {
            $crate::Database::Sqlite(file) => {
                let mut $transaction = file.writer.begin_with("BEGIN IMMEDIATE").await?;
                $work
            }
            $crate::Database::Postgres(pool) => {
                let work = async {
                    let mut $transaction = pool.begin().await?;
                    $work
                };
                $crate::postgres::bounded(pool, work).await?
            }
        }
    };
}
