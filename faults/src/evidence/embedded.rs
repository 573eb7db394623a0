//! All-in-one: `write.db` and `views.db`, opened read-only while the system runs.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;
use sqlx::{
    ConnectOptions as _, Row as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use super::{Evidence, Stored};

/// The data folder of an all-in-one system.
#[derive(Debug)]
pub struct Embedded(pub PathBuf);

impl Embedded {
    /// Reads everything.
    ///
    /// # Errors
    /// A file cannot be read.
    pub async fn read(&self) -> Result<Evidence> {
        let mut write = open(&self.0.join("write.db")).await?;
        let mut views = open(&self.0.join("views.db")).await?;
        let written =
            "SELECT room_id, seq, message_id, customer_id AS sender_id, content FROM messages";
        let viewed = "SELECT room_id, seq, message_id, sender_id, content FROM messages";
        Ok(Evidence {
            written: sqlx::query(written)
                .try_map(|row| stored(&row))
                .fetch_all(&mut write)
                .await?,
            viewed: sqlx::query(viewed)
                .try_map(|row| stored(&row))
                .fetch_all(&mut views)
                .await?,
            logged: logged(&mut write).await?,
            last: last(&mut views).await?,
        })
    }
}

async fn open(path: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    options
        .connect()
        .await
        .with_context(|| format!("cannot read {}", path.display()))
}

fn stored(row: &SqliteRow) -> Result<Stored, sqlx::Error> {
    Ok(Stored {
        room_id: row.try_get("room_id")?,
        seq: row.try_get("seq")?,
        message_id: row.try_get("message_id")?,
        sender_id: row.try_get("sender_id")?,
        content: row.try_get("content")?,
    })
}

/// The outbox is the log.
async fn logged(write: &mut SqliteConnection) -> Result<Vec<Stored>> {
    let sql =
        "SELECT CAST(payload AS BLOB) FROM outbox WHERE topic = 'chat-message-sent' ORDER BY id";
    let payloads: Vec<Vec<u8>> = sqlx::query_scalar(sql).fetch_all(write).await?;
    payloads
        .iter()
        .map(|payload| Ok(serde_json::from_slice(payload)?))
        .collect()
}

async fn last(views: &mut SqliteConnection) -> Result<Vec<(i64, i64, i64)>> {
    let states: Vec<String> = sqlx::query_scalar("SELECT state FROM rooms")
        .fetch_all(views)
        .await?;
    let mut last = Vec::new();
    for state in states {
        let state: Value = serde_json::from_str(&state)?;
        let message = &state["last_message"];
        if let (Some(room), Some(seq), Some(id)) = (
            state["room_id"].as_i64(),
            message["seq"].as_i64(),
            message["messageId"].as_i64(),
        ) {
            last.push((room, seq, id));
        }
    }
    Ok(last)
}
