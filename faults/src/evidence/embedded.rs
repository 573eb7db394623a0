//! All-in-one: `write.db` and `views.db`, opened read-only while the system runs.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde_json::Value;
use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{Contents, Evidence, Marker, POISON, Parked, Room, Stored};

/// The data folder of an all-in-one system.
#[derive(Debug)]
pub struct Embedded(pub PathBuf);

impl Embedded {
    /// Reads all sources; the write store last, so that it can have everything that the others have.
    ///
    /// # Errors
    /// A file cannot be read.
    pub async fn read(&self) -> Result<Evidence> {
        let mut write = open(&self.0.join("write.db")).await?;
        let mut views = open(&self.0.join("views.db")).await?;
        Ok(Evidence {
            viewed: viewed(&mut views).await?,
            logged: logged(&mut write).await?,
            written: written(&mut write).await?,
            shown: Vec::new(),
        })
    }

    /// The parked events.
    ///
    /// # Errors
    /// A file cannot be read.
    pub async fn parked(&self) -> Result<Vec<Parked>> {
        let mut views = open(&self.0.join("views.db")).await?;
        let sql = "SELECT event_id, reason FROM parked_events";
        let rows: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&mut views).await?;
        let parked = |(event_id, reason)| Parked { event_id, reason };
        Ok(rows.into_iter().map(parked).collect())
    }

    /// By how many milliseconds the latest instant that a sweep has read is ahead of now.
    ///
    /// # Errors
    /// A file cannot be read.
    pub async fn read_ahead(&self, file: &str, sweep: &str) -> Result<Option<i64>> {
        let mut swept = open(&self.0.join(file)).await?;
        let sql = "SELECT (readings ->> '$.highest') - unixepoch() * 1000 FROM clock_readings WHERE sweep = ?1";
        Ok(sqlx::query_scalar(sql)
            .bind(sweep)
            .fetch_optional(&mut swept)
            .await?)
    }
}

async fn open(path: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    options
        .connect()
        .await
        .with_context(|| format!("cannot read {}", path.display()))
}

async fn written(write: &mut SqliteConnection) -> Result<Contents> {
    let members = members(write, "SELECT room_id, customer_id FROM room_participants").await?;
    let rooms: Vec<(i64, String, i64)> =
        sqlx::query_as("SELECT room_id, room_name, created_by FROM rooms")
            .fetch_all(&mut *write)
            .await?;
    let rooms = rooms.into_iter().map(|(room_id, name, created_by)| Room {
        room_id,
        name,
        created_by,
        participants: members.get(&room_id).cloned().unwrap_or_default(),
    });
    Ok(Contents {
        rooms: rooms.collect(),
        messages: messages(
            write,
            "SELECT room_id, seq, message_id, customer_id, content FROM messages",
        )
        .await?,
        markers: markers(
            write,
            "SELECT room_id, customer_id, last_read_message_id FROM room_participants
             WHERE last_read_message_id IS NOT NULL",
        )
        .await?,
    })
}

async fn viewed(views: &mut SqliteConnection) -> Result<Contents> {
    let members = members(views, "SELECT room_id, customer_id FROM members").await?;
    let states: Vec<String> = sqlx::query_scalar("SELECT state FROM rooms")
        .fetch_all(&mut *views)
        .await?;
    let mut rooms = Vec::new();
    for state in states {
        let state: Value = serde_json::from_str(&state)?;
        let created = &state["created"];
        // A room of which so far only messages or markers are known has no beginning yet (decision 7).
        if let (Some(room_id), Some(name), Some(created_by)) = (
            state["room_id"].as_i64(),
            created["room_name"].as_str(),
            created["created_by"].as_i64(),
        ) {
            rooms.push(Room {
                room_id,
                name: name.to_owned(),
                created_by,
                participants: members.get(&room_id).cloned().unwrap_or_default(),
            });
        }
    }
    Ok(Contents {
        rooms,
        messages: messages(
            views,
            "SELECT room_id, seq, message_id, sender_id, content FROM messages",
        )
        .await?,
        markers: markers(
            views,
            "SELECT room_id, customer_id, last_read_message_id FROM read_markers",
        )
        .await?,
    })
}

/// The outbox is the log.
async fn logged(write: &mut SqliteConnection) -> Result<Contents> {
    let sql = "SELECT topic, CAST(payload AS BLOB) FROM outbox WHERE instr(event_id, ?1) <> 1 ORDER BY id";
    let events: Vec<(String, Vec<u8>)> = sqlx::query_as(sql).bind(POISON).fetch_all(write).await?;
    let mut contents = Contents::default();
    for (topic, payload) in events {
        contents.add_event(&topic, &payload)?;
    }
    Ok(contents)
}

async fn messages(store: &mut SqliteConnection, sql: &'static str) -> Result<Vec<Stored>> {
    let rows: Vec<(i64, i64, i64, i64, String)> = sqlx::query_as(sql).fetch_all(store).await?;
    let message = |(room_id, seq, message_id, sender_id, content)| Stored {
        room_id,
        seq,
        message_id,
        sender_id,
        content,
    };
    Ok(rows.into_iter().map(message).collect())
}

async fn markers(store: &mut SqliteConnection, sql: &'static str) -> Result<Vec<Marker>> {
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(sql).fetch_all(store).await?;
    let marker = |(room_id, customer_id, last_read_message_id)| Marker {
        room_id,
        customer_id,
        last_read_message_id,
    };
    Ok(rows.into_iter().map(marker).collect())
}

/// By room, ascending.
async fn members(
    store: &mut SqliteConnection,
    sql: &'static str,
) -> Result<BTreeMap<i64, Vec<i64>>> {
    let mut rows: Vec<(i64, i64)> = sqlx::query_as(sql).fetch_all(store).await?;
    rows.sort_unstable();
    let mut members: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (room, customer) in rows {
        members.entry(room).or_default().push(customer);
    }
    Ok(members)
}
