//! What a SQLite file says of the data folder it belongs to (decision 41).

use std::path::Path;

use colloquy_sql::{StoreError, sqlite::SqliteDatabase};

/// In each file: the folder's id, and its epoch, the number of the start that last raised it. An epoch of 0 is that of a
/// folder whose files are being given their id.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Mark {
    pub folder: String,
    pub epoch: i64,
}

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS data_folder (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        folder   TEXT    NOT NULL,
        epoch    INTEGER NOT NULL
    ) STRICT";

impl Mark {
    /// What the file says, if it says anything.
    pub async fn read(database: &SqliteDatabase) -> Result<Option<Self>, StoreError> {
        if !has_table(database, "= 'data_folder'").await? {
            return Ok(None);
        }
        let mark = sqlx::query_as("SELECT folder, epoch FROM data_folder")
            .fetch_optional(&database.writer)
            .await?;
        Ok(mark)
    }

    /// One transaction: a file has a whole mark or none.
    pub async fn write(&self, database: &SqliteDatabase) -> Result<(), StoreError> {
        let mut transaction = database.writer.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(TABLE).execute(&mut *transaction).await?;
        sqlx::query(
            "INSERT INTO data_folder (only_row, folder, epoch) VALUES (1, ?1, ?2)
             ON CONFLICT DO UPDATE SET folder = excluded.folder, epoch = excluded.epoch",
        )
        .bind(&self.folder)
        .bind(self.epoch)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Whether a service has made its tables in the file.
pub async fn is_used(database: &SqliteDatabase) -> Result<bool, StoreError> {
    has_table(database, "<> 'data_folder' AND name NOT LIKE 'sqlite_%'").await
}

async fn has_table(database: &SqliteDatabase, name: &str) -> Result<bool, StoreError> {
    let sql =
        format!("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name {name})");
    let exists = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_one(&database.writer)
        .await?;
    Ok(exists)
}

/// Whether the end of the file is missing: without a log beside it, it holds whole pages. SQLite refuses a file that lacks
/// a page, but reads zeros where a page was cut.
pub async fn is_cut(database: &SqliteDatabase, length: u64) -> Result<bool, StoreError> {
    let page: i64 = sqlx::query_scalar("PRAGMA page_size")
        .fetch_one(&database.writer)
        .await?;
    Ok(!length.is_multiple_of(page.unsigned_abs()))
}

/// Whether SQLite keeps a part of the file's content beside it.
pub fn has_log(path: &Path) -> bool {
    ["-wal", "-journal"].iter().any(|beside| {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        Path::new(&name).metadata().is_ok_and(|log| log.len() > 0)
    })
}
