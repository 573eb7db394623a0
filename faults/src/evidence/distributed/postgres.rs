//! The write store.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use sqlx::{ConnectOptions as _, PgConnection, postgres::PgConnectOptions};

use crate::evidence::{Contents, Marker, Room, Stored};

pub async fn read(url: &str) -> Result<Contents> {
    let options: PgConnectOptions = url.parse()?;
    let mut connection = options.connect().await.context("cannot read PostgreSQL")?;
    let mut contents = Contents {
        messages: messages(&mut connection).await?,
        ..Contents::default()
    };
    let members: Vec<(i64, i64, Option<i64>)> = sqlx::query_as(
        "SELECT room_id, customer_id, last_read_message_id FROM room_participants ORDER BY room_id, customer_id",
    )
    .fetch_all(&mut connection)
    .await?;
    let mut participants: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (room_id, customer_id, marker) in members {
        participants.entry(room_id).or_default().push(customer_id);
        contents
            .markers
            .extend(marker.map(|last_read_message_id| Marker {
                room_id,
                customer_id,
                last_read_message_id,
            }));
    }
    let rooms: Vec<(i64, String, i64)> =
        sqlx::query_as("SELECT room_id, room_name, created_by FROM rooms")
            .fetch_all(&mut connection)
            .await?;
    for (room_id, name, created_by) in rooms {
        contents.rooms.push(Room {
            room_id,
            name,
            created_by,
            participants: participants.remove(&room_id).unwrap_or_default(),
        });
    }
    Ok(contents)
}

async fn messages(connection: &mut PgConnection) -> Result<Vec<Stored>> {
    let sql = "SELECT room_id, seq, message_id, customer_id, content FROM messages";
    let rows: Vec<(i64, i64, i64, i64, String)> = sqlx::query_as(sql).fetch_all(connection).await?;
    let message = |(room_id, seq, message_id, sender_id, content)| Stored {
        room_id,
        seq,
        message_id,
        sender_id,
        content,
    };
    Ok(rows.into_iter().map(message).collect())
}
