//! The view store.

use ::mongodb::{
    Client, Database,
    bson::{Bson, Document, doc},
};
use anyhow::{Context as _, Result};
use futures_util::TryStreamExt as _;

use crate::evidence::{Contents, Marker, Parked, Room, Stored};

pub async fn read(url: &str, database: &str) -> Result<Contents> {
    let database = Client::with_uri_str(url).await?.database(database);
    let rooms = all(&database, "chatRoomViews").await?;
    let messages = all(&database, "messages").await?;
    let markers = all(&database, "readMarkers").await?;
    Ok(Contents {
        rooms: rooms
            .iter()
            // A room of which so far only messages or markers are known has no beginning yet (decision 7).
            .filter(|room| room.contains_key("roomName"))
            .map(room)
            .collect::<Result<_>>()?,
        messages: messages.iter().map(message).collect::<Result<_>>()?,
        markers: markers.iter().map(marker).collect::<Result<_>>()?,
    })
}

pub async fn parked(url: &str, database: &str) -> Result<Vec<Parked>> {
    let database = Client::with_uri_str(url).await?.database(database);
    let parked = all(&database, "parkedEvents").await?;
    let parked = parked.iter().map(|event| {
        Ok(Parked {
            event_id: event.get_str("eventId")?.to_owned(),
            reason: event.get_str("reason")?.to_owned(),
        })
    });
    parked.collect()
}

async fn all(database: &Database, collection: &str) -> Result<Vec<Document>> {
    let found = database.collection(collection).find(doc! {}).await;
    let found = found.context("cannot read MongoDB")?;
    Ok(found.try_collect().await?)
}

fn room(document: &Document) -> Result<Room> {
    let ids = document.get_array("participantIds")?;
    let mut participants = ids.iter().map(integer).collect::<Result<Vec<_>>>()?;
    participants.sort_unstable();
    Ok(Room {
        room_id: number(document, "_id")?,
        name: document.get_str("roomName")?.to_owned(),
        created_by: number(document, "createdBy")?,
        participants,
    })
}

fn message(document: &Document) -> Result<Stored> {
    Ok(Stored {
        room_id: number(document, "roomId")?,
        seq: number(document, "seq")?,
        message_id: number(document, "_id")?,
        sender_id: number(document, "senderId")?,
        content: document.get_str("content")?.to_owned(),
    })
}

fn marker(document: &Document) -> Result<Marker> {
    Ok(Marker {
        room_id: number(document, "roomId")?,
        customer_id: number(document, "customerId")?,
        last_read_message_id: number(document, "lastReadMessageId")?,
    })
}

fn number(document: &Document, name: &str) -> Result<i64> {
    let value = document.get(name).unwrap_or(&Bson::Null);
    integer(value).with_context(|| format!("{name} of {document}"))
}

fn integer(value: &Bson) -> Result<i64> {
    match value {
        Bson::Int64(number) => Ok(*number),
        Bson::Int32(number) => Ok((*number).into()),
        other => anyhow::bail!("{other:?} is no integer"),
    }
}
