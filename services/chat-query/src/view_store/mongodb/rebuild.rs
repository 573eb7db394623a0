//! Views beside those in use: collections of the same shape, whose names say which rebuild they belong to.
//!
//! There is no transaction, so the order of the steps is what makes a rebuild sound. Its collections replace those in use
//! one by one, rooms last: a room that is visible has its messages. The lock is a document among the rooms (see
//! [`sentinels`]), so it goes in the same moment in which the last collection is replaced; and a rebuild that is abandoned
//! is unlocked only when its collections are dropped, so that none of them can replace one any more.

use ::mongodb::{
    bson::{Document, doc},
    error::{ErrorKind, WriteFailure},
};
use uuid::Uuid;

use super::{
    MARKERS, MESSAGES, MongoViewStore, PARKED, ROOMS,
    sentinels::{self, LOCK, REBUILD, lock_owner},
    writes::DUPLICATE_KEY,
};
use crate::view_store::{Overtaken, Result, ViewStore as _, ViewStoreError};

/// In the order in which they are replaced.
const COLLECTIONS: [&str; 4] = [MESSAGES, MARKERS, PARKED, ROOMS];
/// Stands between a collection's name and the rebuild's.
const NEXT: &str = "_next_";
/// The collection that shows that the others of a rebuild are its own: a later rebuild drops this one first, and a late
/// write may make one of the others again.
const BEGUN: &str = "rebuild";

pub fn suffix(rebuild: Uuid) -> String {
    format!("{NEXT}{}", rebuild.simple())
}

/// Creates the collections, and drops those of earlier rebuilds: first the one that shows that they have begun, and only
/// then it reads whether one of them has locked the views. [`lock`] does the two in the other order, so that one of two
/// rebuilds notices the other.
pub async fn begin(store: &MongoViewStore, next: &MongoViewStore, rebuild: Uuid) -> Result<()> {
    let names = store.database.list_collection_names().await?;
    let (begun, views): (Vec<_>, Vec<_>) = names
        .into_iter()
        .filter(|name| name.contains(NEXT))
        .partition(|name| name.starts_with(BEGUN));
    for name in begun {
        store.drop_collection(&name).await?;
    }
    if let Some(owner) = lock_owner(store).await? {
        return Err(ViewStoreError::Locked(owner));
    }
    for name in views {
        store.drop_collection(&name).await?;
    }
    for collection in COLLECTIONS {
        store
            .database
            .create_collection(next.name(collection))
            .await?;
    }
    next.prepare().await?;
    sentinels::note_rebuilt(next, rebuild).await?;
    let begun = next.collection::<Document>(BEGUN);
    begun
        .insert_one(doc! { "_id": rebuild.to_string() })
        .await?;
    Ok(())
}

/// Makes the document that locks the views in use, or finds its own.
pub async fn lock(store: &MongoViewStore, rebuild: Uuid) -> Result<()> {
    let own = doc! { "_id": LOCK, REBUILD: rebuild.to_string() };
    let rooms = store.collection::<Document>(ROOMS);
    let stays = doc! { "$set": { REBUILD: rebuild.to_string() } };
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

/// Does what is left to do: a call whose answer was lost may have done all of it. A collection that is absent was renamed
/// by such a call; but not the rooms, whose note would have shown that.
pub async fn replace(store: &MongoViewStore, rebuild: Uuid) -> Result<()> {
    let suffix = suffix(rebuild);
    let names = store.database.list_collection_names().await?;
    let is_there = |collection: &str| names.contains(&format!("{collection}{suffix}"));
    // The owner first: if a call whose answer was lost renames the rooms just now, the note shows it.
    let owner = lock_owner(store).await?;
    if !sentinels::are_of(store, rebuild).await? {
        if owner != Some(rebuild) {
            return Err(Overtaken.into());
        }
        for collection in COLLECTIONS {
            if collection == ROOMS || is_there(collection) {
                rename(store, collection, &suffix).await?;
            }
        }
    }
    if is_there(BEGUN) {
        store.drop_collection(&format!("{BEGUN}{suffix}")).await?;
    }
    Ok(())
}

async fn rename(store: &MongoViewStore, collection: &str, suffix: &str) -> Result<()> {
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

/// Rooms first: without them only the last statement here can unlock the views.
pub async fn abandon(store: &MongoViewStore, rebuild: Uuid) -> Result<()> {
    let suffix = suffix(rebuild);
    let names = store.database.list_collection_names().await?;
    for collection in COLLECTIONS.into_iter().rev().chain([BEGUN]) {
        let name = format!("{collection}{suffix}");
        if names.contains(&name) {
            store.drop_collection(&name).await?;
        }
    }
    store
        .collection::<Document>(ROOMS)
        .delete_one(doc! { "_id": LOCK, REBUILD: rebuild.to_string() })
        .await?;
    Ok(())
}
