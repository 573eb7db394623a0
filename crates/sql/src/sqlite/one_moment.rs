//! Copies of several files as they are at one moment, beside the process that writes them (ADR 028).
//!
//! ```text
//! 1. one connection takes the write lock of every file: for now no file changes
//! 2. a connection for each file begins to read: in a write-ahead log it sees that state until it ends
//! 3. the locks go, after milliseconds; writers go on
//! 4. each reader writes what it sees into a new file
//! ```
//!
//! `VACUUM INTO` would be one statement, but it begins its reading by itself, and so cannot begin inside of step 2.

use std::path::PathBuf;

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::ANSWER_TIMEOUT;
use crate::StoreError;

/// A file that is there, and the path of its copy, which is not there yet.
#[derive(Clone, Debug)]
pub struct Copied {
    /// The file.
    pub from: PathBuf,
    /// Its copy.
    pub to: PathBuf,
}

/// One moment of several files. It ends with the value; until then their write-ahead logs grow.
#[derive(Debug)]
pub struct OneMoment(Vec<SqliteConnection>);

impl OneMoment {
    /// The present moment of these files, of which there are at most ten.
    ///
    /// # Errors
    /// A file cannot be read, a copy cannot be made, or a transaction of another process lasts for seconds.
    pub async fn of(files: &[Copied]) -> Result<Self, StoreError> {
        let mut readers = Vec::with_capacity(files.len());
        let mut writer = memory().await?;
        for (number, file) in files.iter().enumerate() {
            readers.push(copy_of(file).await?);
            attach(&mut writer, file, &format!("file_{number}")).await?;
        }
        // Of every attached file. A writer of ours never has two of them, so no two wait for each other.
        run(&mut writer, "BEGIN IMMEDIATE").await?;
        for reader in &mut readers {
            run(reader, "BEGIN").await?;
            let reading = sqlx::query("SELECT count(*) FROM source.sqlite_schema");
            reading.execute(reader).await?;
        }
        run(&mut writer, "ROLLBACK").await?;
        writer.close().await?;
        Ok(Self(readers))
    }

    /// Writes the copies. They are not synced.
    ///
    /// # Errors
    /// A file is damaged, or a copy cannot be written.
    pub async fn write(self) -> Result<(), StoreError> {
        for mut reader in self.0 {
            copy(&mut reader).await?;
            // As every file of ours, so that no one who opens the copy has to change it.
            run(
                &mut reader,
                "COMMIT; DETACH source; PRAGMA journal_mode = WAL",
            )
            .await?;
            reader.close().await?;
        }
        Ok(())
    }
}

/// A connection to no file. It is so by its name: the flag for memory would hold for what is attached as well, and lock nothing.
async fn memory() -> Result<SqliteConnection, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(":memory:")
        .busy_timeout(ANSWER_TIMEOUT);
    Ok(options.connect().await?)
}

/// A connection to the copy. A copy that was not finished is of no use, so nothing is done to save it.
async fn copy_of(file: &Copied) -> Result<SqliteConnection, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(&file.to)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(false)
        .busy_timeout(ANSWER_TIMEOUT);
    let mut connection = options.connect().await?;
    attach(&mut connection, file, "source").await?;
    Ok(connection)
}

async fn attach(
    connection: &mut SqliteConnection,
    file: &Copied,
    name: &str,
) -> Result<(), StoreError> {
    let path = file.from.to_string_lossy().into_owned();
    sqlx::query(AssertSqlSafe(format!("ATTACH ?1 AS {name}")))
        .bind(path)
        .execute(connection)
        .await?;
    Ok(())
}

/// Copies everything from `source`: tables, their rows with the ids they have, then what stands on them.
async fn copy(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let version: i64 = sqlx::query_scalar("PRAGMA source.user_version")
        .fetch_one(&mut *connection)
        .await?;
    run(connection, &format!("PRAGMA user_version = {version}")).await?;
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT name, sql FROM source.sqlite_schema
         WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
    )
    .fetch_all(&mut *connection)
    .await?;
    for (name, sql) in &tables {
        run(connection, sql).await?;
        copy_rows(connection, name).await?;
    }
    if has_sequences(connection).await? {
        // AUTOINCREMENT: no id is given twice, though its row be gone.
        run(connection, "DELETE FROM main.sqlite_sequence").await?;
        copy_rows(connection, "sqlite_sequence").await?;
    }
    let others: Vec<String> = sqlx::query_scalar(
        "SELECT sql FROM source.sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL ORDER BY rowid",
    )
    .fetch_all(&mut *connection)
    .await?;
    for sql in &others {
        run(connection, sql).await?;
    }
    Ok(())
}

async fn copy_rows(connection: &mut SqliteConnection, table: &str) -> Result<(), StoreError> {
    let name = table.replace('"', "\"\"");
    let rows = format!("INSERT INTO main.\"{name}\" SELECT * FROM source.\"{name}\"");
    run(connection, &rows).await
}

/// Whether a table of the copy counts its ids; then SQLite has made this table in both.
async fn has_sequences(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    let exists = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence')",
    );
    Ok(exists.fetch_one(connection).await?)
}

async fn run(connection: &mut SqliteConnection, sql: &str) -> Result<(), StoreError> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await?;
    Ok(())
}
