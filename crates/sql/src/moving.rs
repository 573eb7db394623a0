//! Moves rows of a SQLite file into empty tables of PostgreSQL, in one transaction for each database.

use futures_util::TryStreamExt as _;
use sqlx::{PgConnection, PgPool};

use crate::{StoreError, postgres::answered, sqlite::SqliteDatabase};

/// Rows of one statement; a message may have 64 KiB.
const ROWS: usize = 200;

/// Rows of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// A SELECT in the file that answers a JSON object for each row.
    pub from: &'static str,
    /// A statement in PostgreSQL; `$1` is a JSON array of such objects.
    pub into: &'static str,
}

/// What a service moves.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// Whether there is a row already, as one boolean.
    pub is_used: &'static str,
    /// In the order in which they are written.
    pub rows: &'static [Rows],
    /// What follows the last row, such as the next numbers of sequences.
    pub then: &'static [&'static str],
}

/// Why rows were not moved. PostgreSQL is as it was.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// Its tables hold something.
    #[error("the database is in use: only an empty one is imported into")]
    Used,
    /// The file or the server refused.
    #[error("the rows cannot be moved")]
    Store(#[from] StoreError),
}

/// Moves everything, and answers how many objects of each kind there were.
///
/// # Errors
/// The tables are not empty, or the file or the server refused. Nothing was moved.
pub async fn move_rows(
    moved: Moved,
    from: &SqliteDatabase,
    into: &PgPool,
) -> Result<Vec<u64>, MoveError> {
    let mut transaction = into.begin().await.map_err(StoreError::from)?;
    let used = sqlx::query_scalar(moved.is_used).fetch_one(&mut *transaction);
    if answered(used).await?.map_err(StoreError::from)? {
        return Err(MoveError::Used);
    }
    let mut counts = Vec::with_capacity(moved.rows.len());
    for rows in moved.rows {
        counts.push(move_kind(rows, from, &mut transaction).await?);
    }
    for statement in moved.then {
        let run = sqlx::query(*statement).execute(&mut *transaction);
        answered(run).await?.map_err(StoreError::from)?;
    }
    let committed = answered(transaction.commit()).await?;
    committed.map_err(StoreError::from)?;
    Ok(counts)
}

async fn move_kind(
    rows: &Rows,
    from: &SqliteDatabase,
    into: &mut PgConnection,
) -> Result<u64, StoreError> {
    let mut objects = sqlx::query_scalar::<_, String>(rows.from).fetch(&from.readers);
    let (mut portion, mut count) = (Vec::with_capacity(ROWS), 0);
    while let Some(object) = objects.try_next().await? {
        portion.push(object);
        count += 1;
        if portion.len() == ROWS {
            write(rows, &mut portion, into).await?;
        }
    }
    write(rows, &mut portion, into).await?;
    Ok(count)
}

async fn write(
    rows: &Rows,
    portion: &mut Vec<String>,
    into: &mut PgConnection,
) -> Result<(), StoreError> {
    if portion.is_empty() {
        return Ok(());
    }
    let array = format!("[{}]", portion.join(","));
    portion.clear();
    let written = sqlx::query(rows.into).bind(array).execute(into);
    answered(written).await??;
    Ok(())
}
