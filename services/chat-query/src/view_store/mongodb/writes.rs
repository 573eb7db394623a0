//! Storing a batch: messages, markers and parked events first, rooms last.

use std::collections::HashMap;

use ::mongodb::{
    Collection,
    bson::{Bson, Document, RawArrayBuf, RawDocumentBuf, doc, rawdoc, to_raw_document_buf},
    error::ErrorKind,
};
use colloquy_contracts::{
    MessageId,
    views::{MessageDocument, ReadMarker},
};
use futures_util::TryStreamExt as _;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    MARKERS, MongoViewStore, PARKED, ROOMS,
    documents::{ParkedDocument, RoomDocument, StoredMessage},
};
use crate::{
    room_state::RoomState,
    view_store::{Result, ViewStoreError, ViewWrite},
};

/// How many updates one command carries at most.
const CHUNK: usize = 100;
/// How many bytes they have together at most. The server refuses a command above 16 MB; a room alone never has so many.
const CHUNK_BYTES: usize = 8 << 20;
pub const DUPLICATE_KEY: i64 = 11000;

pub async fn save(store: &MongoViewStore, write: &ViewWrite) -> Result<()> {
    let (messages, parked) = (store.messages(), store.collection(PARKED));
    let parked_events: Vec<ParkedDocument> = write.parked.iter().map(Into::into).collect();
    tokio::try_join!(
        save_messages(&messages, &write.messages),
        save_markers(store, &write.markers),
        insert_new(&parked, &parked_events),
    )?;
    save_rooms(store, &write.rooms).await
}

async fn save_messages(
    collection: &Collection<StoredMessage>,
    messages: &[MessageDocument],
) -> Result<()> {
    let messages: Vec<StoredMessage> = messages.iter().map(Into::into).collect();
    let refused = insert_new(collection, &messages).await?;
    if refused.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = refused.iter().map(|&index| messages[index].id.0).collect();
    let found = collection.find(doc! { "_id": { "$in": ids } }).await?;
    let stored: HashMap<MessageId, StoredMessage> = found
        .map_ok(|message| (message.id, message))
        .try_collect()
        .await?;
    let clashes: Vec<usize> = refused
        .into_iter()
        .filter(|&index| {
            let message = &messages[index];
            let stored = stored.get(&message.id);
            !stored.is_some_and(|stored| stored.is_repeated_by(&message.message))
        })
        .collect();
    if clashes.is_empty() {
        Ok(())
    } else {
        Err(ViewStoreError::Clash(clashes))
    }
}

/// Inserts the new ones, and answers the positions of those that a unique index refused, most likely that of `_id`.
async fn insert_new<T: Serialize + DeserializeOwned + Send + Sync>(
    collection: &Collection<T>,
    documents: &[T],
) -> Result<Vec<usize>> {
    if documents.is_empty() {
        return Ok(Vec::new());
    }
    let Err(error) = collection.insert_many(documents).ordered(false).await else {
        return Ok(Vec::new());
    };
    match error.kind.as_ref() {
        ErrorKind::InsertMany(outcome) if outcome.write_concern_error.is_none() => {
            let refused = outcome.write_errors.iter().flatten();
            if refused
                .clone()
                .all(|one| i64::from(one.code) == DUPLICATE_KEY)
            {
                Ok(refused.map(|one| one.index).collect())
            } else {
                Err(error.into())
            }
        }
        _ => Err(error.into()),
    }
}

async fn save_markers(store: &MongoViewStore, markers: &[ReadMarker]) -> Result<()> {
    let updates = markers.iter().map(|marker| {
        rawdoc! {
            "q": { "_id": marker.id.as_str() },
            "u": {
                "$max": { "lastReadMessageId": marker.last_read_message_id.0 },
                "$setOnInsert": { "roomId": marker.room_id.0, "customerId": marker.customer_id.0 },
            },
            "upsert": true,
        }
    });
    update(store, MARKERS, &updates.collect::<Vec<_>>()).await
}

/// A room that was never stored is inserted, unless it is there meanwhile; any other is replaced at its version.
async fn save_rooms(store: &MongoViewStore, rooms: &[RoomState]) -> Result<()> {
    let updates: Result<Vec<_>, _> = rooms
        .iter()
        .map(|room| {
            Ok(rawdoc! {
                "q": { "_id": room.room_id.0, "version": room.version },
                "u": to_raw_document_buf(&RoomDocument::next(room, store.first_version))?,
                "upsert": room.version == 0,
            })
        })
        .collect();
    let updates = updates
        .map_err(|error: ::mongodb::bson::ser::Error| ViewStoreError::Defect(error.into()))?;
    update(store, ROOMS, &updates).await
}

/// Carries out updates, unordered, each of one document. An update that finds no document is a conflict.
async fn update(
    store: &MongoViewStore,
    collection: &str,
    updates: &[RawDocumentBuf],
) -> Result<()> {
    for chunk in chunks(updates) {
        let answer = store
            .database
            .run_raw_command(rawdoc! {
                "update": store.name(collection),
                "updates": RawArrayBuf::from_iter(chunk.iter().cloned()),
                "ordered": false,
                "writeConcern": { "w": "majority", "j": true },
            })
            .await?;
        judge(&answer, chunk.len())?;
    }
    Ok(())
}

/// Splits updates into those of one command each.
fn chunks(mut updates: &[RawDocumentBuf]) -> Vec<&[RawDocumentBuf]> {
    let mut chunks = Vec::new();
    while !updates.is_empty() {
        let weights = updates.iter().take(CHUNK).scan(0, |weight, update| {
            *weight += update.as_bytes().len();
            Some(*weight)
        });
        let fit = weights.take_while(|weight| *weight <= CHUNK_BYTES).count();
        let (chunk, rest) = updates.split_at(fit.max(1));
        chunks.push(chunk);
        updates = rest;
    }
    chunks
}

fn judge(answer: &Document, expected: usize) -> Result<()> {
    if let Ok(concern) = answer.get_document("writeConcernError") {
        return Err(unavailable(concern));
    }
    let errors = answer
        .get_array("writeErrors")
        .map_or(&[][..], Vec::as_slice);
    for error in errors.iter().filter_map(Bson::as_document) {
        if number(error, "code") != Some(DUPLICATE_KEY) {
            return Err(unavailable(error));
        }
    }
    let touched = number(answer, "n").and_then(|touched| usize::try_from(touched).ok());
    if errors.is_empty() && touched == Some(expected) {
        Ok(())
    } else {
        Err(ViewStoreError::Conflict)
    }
}

fn unavailable(error: &Document) -> ViewStoreError {
    ViewStoreError::Unavailable(error.to_string().into())
}

/// Servers answer numbers as 32-bit, 64-bit or floating point.
pub fn number(document: &Document, field: &str) -> Option<i64> {
    match document.get(field)? {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "codes and counts are small"
        )]
        Bson::Double(number) => Some(*number as i64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_p5_a_command_carries_few_updates_and_little() {
        const LARGEST_ROOM: usize = 500 << 10;
        let updates = |weights: &[usize]| -> Vec<_> {
            let texts = weights.iter().map(|&weight| "x".repeat(weight));
            texts.map(|text| rawdoc! { "u": text }).collect()
        };
        for (weights, expected) in [
            (&[][..], &[][..]),
            (&[10; 250], &[100, 100, 50]),
            (&[LARGEST_ROOM; 40], &[16, 16, 8]),
            (&[CHUNK_BYTES / 2, CHUNK_BYTES / 2, 1, 1], &[1, 3]),
            (&[1, CHUNK_BYTES, 1], &[1, 1, 1]),
        ] {
            let updates = updates(weights);
            let chunks = chunks(&updates);
            assert_eq!(chunks.concat(), updates);
            let counts: Vec<_> = chunks.iter().map(|chunk| chunk.len()).collect();
            assert_eq!(counts, expected);
        }
    }
}
