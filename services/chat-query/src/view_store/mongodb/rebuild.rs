//! Views beside those in use: collections of the same shape, whose names say which rebuild they are of.
//!
//! There is no transaction, so the order of things is what makes them sound. Collections take each other's place one by
//! one, rooms last: a room that is visible has its messages. What holds the views is a document among the rooms, so it
//! goes in the same moment in which the last collection is replaced; and nobody lets go of it before the collections
//! that could still take that place are gone.

use ::mongodb::{
    bson::{Document, doc},
    error::{ErrorKind, WriteFailure},
};
use uuid::Uuid;

use super::{MARKERS, MESSAGES, MongoViewStore, PARKED, ROOMS, partitions, writes::DUPLICATE_KEY};
use crate::view_store::{Overtaken, ViewStore as _, ViewStoreError};

/// In the order in which they are replaced.
const COLLECTIONS: [&str; 4] = [MESSAGES, MARKERS, PARKED, ROOMS];
/// Stands between a collection's name and the rebuild's.
const NEXT: &str = "_next_";
/// A collection that shows that a rebuild's others were not dropped, and perhaps made again by its own writes.
const BEGUN: &str = "rebuild";
/// Not a room's id.
const LOCK: i64 = 0;
/// Somebody else has dropped it meanwhile.
const NAMESPACE_NOT_FOUND: i32 = 26;

pub fn suffix(rebuild: Uuid) -> String {
    format!("{NEXT}{}", rebuild.simple())
}

/// Makes the collections, and drops those of earlier rebuilds: first what shows that they have begun, and only then is
/// it asked whether one holds the views. Its [`lock`] does it the other way round, so that one of the two notices.
pub async fn begin(
    store: &MongoViewStore,
    next: &MongoViewStore,
    rebuild: Uuid,
) -> Result<(), ViewStoreError> {
    let names = store.database.list_collection_names().await?;
    let (begun, views): (Vec<_>, Vec<_>) = names
        .into_iter()
        .filter(|name| name.contains(NEXT))
        .partition(|name| name.starts_with(BEGUN));
    for name in begun {
        drop_collection(store, &name).await?;
    }
    if let Some(holder) = lock_owner(store).await? {
        return Err(ViewStoreError::Locked(holder));
    }
    for name in views {
        drop_collection(store, &name).await?;
    }
    for collection in COLLECTIONS {
        store
            .database
            .create_collection(next.name(collection))
            .await?;
    }
    next.prepare().await?;
    partitions::note_all(next, rebuild).await?;
    let begun = next.collection::<Document>(BEGUN);
    begun
        .insert_one(doc! { "_id": rebuild.to_string() })
        .await?;
    Ok(())
}

/// Makes the document that holds the views in use, or finds its own.
pub async fn lock(store: &MongoViewStore, rebuild: Uuid) -> Result<(), ViewStoreError> {
    let own = doc! { "_id": LOCK, "rebuild": rebuild.to_string() };
    let rooms = store.collection::<Document>(ROOMS);
    let stays = doc! { "$set": { "rebuild": rebuild.to_string() } };
    if let Err(error) = rooms.update_one(own, stays).upsert(true).await {
        return Err(match error.kind.as_ref() {
            ErrorKind::Write(WriteFailure::WriteError(refusal))
                if i64::from(refusal.code) == DUPLICATE_KEY =>
            {
                Overtaken.into()
            }
            _ => error.into(),
        });
    }
    let begun = format!("{BEGUN}{}", suffix(rebuild));
    let begun = store.database.collection::<Document>(&begun);
    match begun.find_one(doc! {}).await? {
        Some(_) => Ok(()),
        None => Err(Overtaken.into()),
    }
}

/// The rebuild that holds the views.
pub async fn lock_owner(store: &MongoViewStore) -> Result<Option<Uuid>, ViewStoreError> {
    let rooms = store.collection::<Document>(ROOMS);
    let Some(hold) = rooms.find_one(doc! { "_id": LOCK }).await? else {
        return Ok(None);
    };
    let rebuild = hold.get_str("rebuild").unwrap_or_default().parse();
    rebuild
        .map(Some)
        .map_err(|error: uuid::Error| ViewStoreError::Defect(error.into()))
}

/// Does what is left to do of it: a call whose answer was lost may have done all. A collection that is absent was renamed
/// by such a call; but not the rooms, whose note would have told.
pub async fn replace(store: &MongoViewStore, rebuild: Uuid) -> Result<(), ViewStoreError> {
    let suffix = suffix(rebuild);
    let names = store.database.list_collection_names().await?;
    let is_there = |collection: &str| names.contains(&format!("{collection}{suffix}"));
    // The holder first: should a call whose answer was lost rename the rooms just now, the note tells.
    let holder = lock_owner(store).await?;
    if !partitions::are_noted_by(store, rebuild).await? {
        if holder != Some(rebuild) {
            return Err(Overtaken.into());
        }
        for collection in COLLECTIONS {
            if collection == ROOMS || is_there(collection) {
                rename(store, collection, &suffix).await?;
            }
        }
    }
    if is_there(BEGUN) {
        drop_collection(store, &format!("{BEGUN}{suffix}")).await?;
    }
    Ok(())
}

async fn rename(
    store: &MongoViewStore,
    collection: &str,
    suffix: &str,
) -> Result<(), ViewStoreError> {
    let database = store.database.name();
    let admin = store.database.client().database("admin");
    admin
        .run_command(doc! {
            "renameCollection": format!("{database}.{collection}{suffix}"),
            "to": format!("{database}.{collection}"),
            "dropTarget": true,
            "writeConcern": { "w": "majority" },
        })
        .await?;
    Ok(())
}

/// Rooms first: without them nothing can lift the hold any more but the last line here.
pub async fn abandon(store: &MongoViewStore, rebuild: Uuid) -> Result<(), ViewStoreError> {
    let suffix = suffix(rebuild);
    let names = store.database.list_collection_names().await?;
    for collection in COLLECTIONS.into_iter().rev().chain([BEGUN]) {
        let name = format!("{collection}{suffix}");
        if names.contains(&name) {
            drop_collection(store, &name).await?;
        }
    }
    store
        .collection::<Document>(ROOMS)
        .delete_one(doc! { "_id": LOCK, "rebuild": rebuild.to_string() })
        .await?;
    Ok(())
}

async fn drop_collection(store: &MongoViewStore, name: &str) -> Result<(), ViewStoreError> {
    let Err(error) = store.database.collection::<Document>(name).drop().await else {
        return Ok(());
    };
    match error.kind.as_ref() {
        ErrorKind::Command(refusal) if refusal.code == NAMESPACE_NOT_FOUND => Ok(()),
        _ => Err(error.into()),
    }
}
