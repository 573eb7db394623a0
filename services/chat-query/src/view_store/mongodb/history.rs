//! A page of a room's messages.

use ::mongodb::bson::{Document, doc};
use colloquy_contracts::{RoomId, Seq, views::MessageDocument};
use futures_util::TryStreamExt as _;

use super::{MESSAGES, MongoViewStore};
use crate::view_store::{Page, Result};

/// Both ends are ids, which one index has in order, because ids grow with the seq. So only the answered messages are read.
pub async fn read(
    store: &MongoViewStore,
    room: RoomId,
    page: Page,
) -> Result<Vec<MessageDocument>> {
    let mut ids = Document::new();
    if let Some(before) = page.before {
        ids.insert("$lt", before.0);
    }
    if let Some(seq) = page.after_seq
        && let Some(known) = newest_id_up_to(store, room, seq).await?
    {
        ids.insert("$gt", known);
    }
    let mut filter = doc! { "roomId": room.0 };
    if !ids.is_empty() {
        filter.insert("messageId", ids);
    }
    let messages = store.messages();
    let found = messages
        .find(filter)
        .sort(doc! { "messageId": -1 })
        .limit(page.limit.into());
    let messages: Vec<_> = found.await?.try_collect().await?;
    Ok(messages.into_iter().map(|one| one.message).collect())
}

async fn newest_id_up_to(store: &MongoViewStore, room: RoomId, seq: Seq) -> Result<Option<i64>> {
    let messages = store.collection::<Document>(MESSAGES);
    let newest = messages
        .find_one(doc! { "roomId": room.0, "seq": { "$lte": seq.0 } })
        .sort(doc! { "seq": -1 })
        .projection(doc! { "messageId": 1 });
    let newest = newest.await?;
    Ok(newest.and_then(|message| message.get_i64("messageId").ok()))
}
