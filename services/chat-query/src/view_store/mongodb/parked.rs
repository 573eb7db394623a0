//! Parked events: `parkedEvents`.

use ::mongodb::bson::doc;
use futures_util::TryStreamExt as _;

use super::{MongoViewStore, PARKED, documents::ParkedDocument};
use crate::{
    parked::{LogPosition, ParkedEvent},
    view_store::Result,
};

pub async fn list(
    store: &MongoViewStore,
    after: Option<&LogPosition>,
    limit: u32,
) -> Result<Vec<ParkedEvent>> {
    let behind = after.map_or_else(
        || doc! {},
        |position| {
            let (topic, partition) = (position.topic.name(), position.partition);
            doc! { "$or": [
                { "topic": { "$gt": topic } },
                { "topic": topic, "partition": { "$gt": partition } },
                { "topic": topic, "partition": partition, "offset": { "$gt": position.offset } },
            ] }
        },
    );
    let found = store
        .collection::<ParkedDocument>(PARKED)
        .find(behind)
        .sort(doc! { "topic": 1, "partition": 1, "offset": 1 })
        .limit(limit.into())
        .await?;
    let parked: Vec<_> = found.try_collect().await?;
    parked.into_iter().map(TryInto::try_into).collect()
}

/// By counting them: what the collection notes of itself may be wrong after a crash.
pub async fn count(store: &MongoViewStore) -> Result<u64> {
    let parked = store.collection::<ParkedDocument>(PARKED);
    Ok(parked.count_documents(doc! {}).await?)
}

pub async fn keep(store: &MongoViewStore, event: &ParkedEvent) -> Result<()> {
    let now = doc! { "reason": &event.reason, "tries": i64::from(event.tries) };
    store
        .collection::<ParkedDocument>(PARKED)
        .update_one(
            doc! { "_id": event.position.to_string() },
            doc! { "$set": now },
        )
        .await?;
    Ok(())
}

pub async fn forget(store: &MongoViewStore, position: &LogPosition) -> Result<()> {
    store
        .collection::<ParkedDocument>(PARKED)
        .delete_one(doc! { "_id": position.to_string() })
        .await?;
    Ok(())
}
