//! Which partitions of the log these views hold from the beginning: a document among the rooms, so that it goes when they
//! go. The positions of the group do not, they are in the log.

use ::mongodb::bson::{Document, doc};
use uuid::Uuid;

use super::{MongoViewStore, ROOMS};
use crate::view_store::ViewStoreError;

/// Not a room's id.
const NOTE: i64 = -1;
const EACH: &str = "partitions";
/// There instead of each, in views that were rebuilt.
const ALL: &str = "allPartitions";
const BY: &str = "rebuild";

pub async fn lost(store: &MongoViewStore, of: &[i32]) -> Result<Vec<i32>, ViewStoreError> {
    let rooms = store.collection::<Document>(ROOMS);
    let note = rooms.find_one(doc! { "_id": NOTE }).await?;
    let note = note.unwrap_or_default();
    if note.contains_key(ALL) {
        return Ok(Vec::new());
    }
    let is_noted = |partition: i32| {
        let noted = note.get_document(EACH);
        noted.is_ok_and(|noted| noted.contains_key(partition.to_string()))
    };
    Ok(of.iter().copied().filter(|&one| !is_noted(one)).collect())
}

pub async fn note(store: &MongoViewStore, partitions: &[i32]) -> Result<(), ViewStoreError> {
    let noted = partitions.iter().map(|one| (format!("{EACH}.{one}"), true));
    let noted: Document = noted.map(|(field, noted)| (field, noted.into())).collect();
    if noted.is_empty() {
        return Ok(());
    }
    set(store, noted).await
}

pub async fn note_all(store: &MongoViewStore, rebuild: Uuid) -> Result<(), ViewStoreError> {
    set(store, doc! { ALL: true, BY: rebuild.to_string() }).await
}

/// Whether these are the views of this rebuild.
pub async fn are_noted_by(store: &MongoViewStore, rebuild: Uuid) -> Result<bool, ViewStoreError> {
    let rooms = store.collection::<Document>(ROOMS);
    let note = rooms.find_one(doc! { "_id": NOTE, BY: rebuild.to_string() });
    Ok(note.await?.is_some())
}

async fn set(store: &MongoViewStore, noted: Document) -> Result<(), ViewStoreError> {
    store
        .collection::<Document>(ROOMS)
        .update_one(doc! { "_id": NOTE }, doc! { "$set": noted })
        .upsert(true)
        .await?;
    Ok(())
}
