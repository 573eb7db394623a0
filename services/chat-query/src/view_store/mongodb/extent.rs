//! How much is stored.

use ::mongodb::{
    bson::{Document, doc},
    options::Hint,
};
use futures_util::TryStreamExt as _;

use super::{MongoViewStore, ROOMS, writes::number};
use crate::view_store::{Extent, Result};

/// A document without a version is no room (see [`super::sentinels`]).
pub async fn count(store: &MongoViewStore) -> Result<Extent> {
    let rooms = store.collection::<Document>(ROOMS);
    let total = doc! {
        "_id": null,
        "rooms": { "$sum": 1 },
        "newest": { "$sum": "$lastMessage.seq" },
    };
    let totals = rooms.aggregate([
        doc! { "$match": { "version": { "$exists": true } } },
        doc! { "$group": total },
    ]);
    let totals: Vec<Document> = totals.await?.try_collect().await?;
    let total = |field| totals.first().and_then(|totals| number(totals, field));
    let begun = rooms.count_documents(doc! { "participantIds": { "$exists": true } });
    let begun = i64::try_from(begun.await?).unwrap_or(i64::MAX);
    // An estimate may be wrong after a crash. Counting by this index reads no message.
    let messages = store.messages();
    let messages = messages
        .count_documents(doc! {})
        .hint(Hint::Keys(doc! { "_id": 1 }));
    let messages = messages.await?;
    Ok(Extent::counted(
        begun,
        total("rooms").unwrap_or(0) - begun,
        i64::try_from(messages).unwrap_or(i64::MAX),
        total("newest").unwrap_or(0),
    ))
}
