//! Two documents of `chatRoomViews` that are no rooms. Ids of rooms begin at 1, and these two have no `version`, no
//! `participantIds` and no `lastMessage`, so no query finds them.
//!
//! They stand among the rooms because they have to go when the rooms go: when an operator drops the collection, and in the
//! same moment in which a rebuild renames its own rooms to take the place of those in use. MongoDB has no transaction over
//! collections that could do that elsewhere.
//!
//! | `_id` | what it says | made by | read by |
//! |---|---|---|---|
//! | 0, [`LOCK`] | these views are about to be replaced by those of this rebuild: nothing may be folded into them (ADR 013) | a rebuild | each load of rooms, before a batch is folded |
//! | −1, [`NOTE`] | these partitions of the log are in these views from the beginning (ADR 014), and of views that were rebuilt: by which rebuild | the projector; a rebuild, for all partitions | the projector after each batch, and while it is idle |

use ::mongodb::bson::{Document, doc};
use uuid::Uuid;

use super::{MongoViewStore, ROOMS};
use crate::view_store::{Result, ViewStoreError};

/// The document that locks the views.
pub const LOCK: i64 = 0;
/// The document that notes partitions. The positions of the group are in the log, and stay when the views are lost.
const NOTE: i64 = -1;
/// The rebuild that made the document.
pub const REBUILD: &str = "rebuild";
/// The noted partitions, each a field.
const EACH: &str = "partitions";
/// There instead of [`EACH`], in views that were rebuilt.
const ALL: &str = "allPartitions";

/// The rebuild that has locked the views.
pub async fn lock_owner(store: &MongoViewStore) -> Result<Option<Uuid>> {
    let Some(lock) = find(store, doc! { "_id": LOCK }).await? else {
        return Ok(None);
    };
    let rebuild = lock.get_str(REBUILD).unwrap_or_default().parse();
    rebuild
        .map(Some)
        .map_err(|error: uuid::Error| ViewStoreError::Defect(error.into()))
}

/// Those of these partitions that are not noted.
pub async fn lost_partitions(store: &MongoViewStore, of: &[i32]) -> Result<Vec<i32>> {
    let note = find(store, doc! { "_id": NOTE }).await?.unwrap_or_default();
    if note.contains_key(ALL) {
        return Ok(Vec::new());
    }
    let is_noted = |partition: i32| {
        let noted = note.get_document(EACH);
        noted.is_ok_and(|noted| noted.contains_key(partition.to_string()))
    };
    Ok(of.iter().copied().filter(|&one| !is_noted(one)).collect())
}

/// Notes partitions, besides those that are noted already.
pub async fn note_partitions(store: &MongoViewStore, partitions: &[i32]) -> Result<()> {
    if partitions.is_empty() {
        return Ok(());
    }
    let noted = partitions.iter().map(|one| (format!("{EACH}.{one}"), true));
    let noted = noted.map(|(field, noted)| (field, noted.into()));
    note(store, noted.collect()).await
}

/// Notes that a rebuild has filled these views from the beginning of all partitions.
pub async fn note_rebuilt(store: &MongoViewStore, rebuild: Uuid) -> Result<()> {
    note(store, doc! { ALL: true, REBUILD: rebuild.to_string() }).await
}

/// Whether these are the views of this rebuild.
pub async fn are_of(store: &MongoViewStore, rebuild: Uuid) -> Result<bool> {
    let of_rebuild = doc! { "_id": NOTE, REBUILD: rebuild.to_string() };
    Ok(find(store, of_rebuild).await?.is_some())
}

async fn find(store: &MongoViewStore, one: Document) -> Result<Option<Document>> {
    let rooms = store.collection::<Document>(ROOMS);
    Ok(rooms.find_one(one).await?)
}

async fn note(store: &MongoViewStore, noted: Document) -> Result<()> {
    store
        .collection::<Document>(ROOMS)
        .update_one(doc! { "_id": NOTE }, doc! { "$set": noted })
        .upsert(true)
        .await?;
    Ok(())
}
