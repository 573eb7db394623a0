//! Saving a batch: the stored rooms are loaded, the batch is folded into them, and all that changed is saved.
//!
//! A message that clashes with a stored one is tried a few times before it is parked (decision 8). Only its own room waits
//! for that: the rest of the batch is saved first.

use std::{collections::HashMap, time::Duration};

use colloquy_chassis::{answer::chain, backoff::Backoff};
use colloquy_contracts::RoomId;
use colloquy_event_log::NewEvent;

use crate::{
    batch::Batch,
    room_state::RoomState,
    stale_lock::StaleLockDetector,
    view_store::{Result, Saved, ViewStore, ViewStoreError},
};

/// How often a message that clashes is tried.
const MAX_TRIES: u32 = 3;
/// The pause between two tries: all of them end well within a second.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// A batch that is saved.
#[derive(Debug)]
pub struct SavedBatch {
    saved: Saved,
    announcements: Vec<NewEvent>,
}

/// Saves a batch, and tries again after each error until `give_up` makes another one of it.
///
/// # Errors
/// What `give_up` answers. The batch is then not saved, or only in part.
pub async fn save_with_retries<E>(
    store: &dyn ViewStore,
    batch: &mut Batch,
    give_up: impl Fn(ViewStoreError) -> Result<(), E>,
) -> Result<SavedBatch, E> {
    let (mut backoff, mut detector) = (Backoff::default(), StaleLockDetector::default());
    loop {
        let error = match save_batch(store, batch).await {
            Ok(saved) => return Ok(saved),
            Err(error) => error,
        };
        tracing::warn!(error = chain(&error), "a batch is not saved yet");
        detector.observe(&error, store).await;
        give_up(error)?;
        backoff.wait().await;
    }
}

/// Saves a batch. After an error, wait and call again with the same batch: a repeat of what is saved already is harmless.
///
/// # Errors
/// The batch is not saved, or only in part; see [`ViewStoreError`].
pub async fn save_batch(store: &dyn ViewStore, batch: &mut Batch) -> Result<SavedBatch> {
    let rooms = match attempt(store, batch).await {
        Err(ViewStoreError::Clash(indexes)) => batch.rooms_of(&indexes),
        outcome => return outcome,
    };
    let mut clashing = batch.split_off(&rooms);
    let saved = save_clashing_last(store, batch, &mut clashing).await;
    batch.join(clashing);
    saved
}

async fn save_clashing_last(
    store: &dyn ViewStore,
    rest: &mut Batch,
    clashing: &mut Batch,
) -> Result<SavedBatch> {
    let first = attempt(store, rest).await?;
    let last = save_clashing(store, clashing).await?;
    Ok(SavedBatch {
        saved: last.saved,
        announcements: [first.announcements, last.announcements].concat(),
    })
}

/// The attempt that found the clash was the first of [`MAX_TRIES`].
async fn save_clashing(store: &dyn ViewStore, batch: &mut Batch) -> Result<SavedBatch> {
    let mut clashing = Vec::new();
    for _ in 1..MAX_TRIES {
        tokio::time::sleep(RETRY_PAUSE).await;
        match attempt(store, batch).await {
            Err(ViewStoreError::Clash(indexes)) => clashing = indexes,
            outcome => return outcome,
        }
    }
    batch.park_messages(&clashing, "its id or its seq belongs to another message");
    attempt(store, batch).await
}

async fn attempt(store: &dyn ViewStore, batch: &mut Batch) -> Result<SavedBatch> {
    let rooms = load_rooms(store, batch).await?;
    let write = batch.fold(rooms);
    let saved = store.save(&write).await?;
    Ok(SavedBatch {
        saved,
        announcements: write.announcements,
    })
}

/// Nothing can be folded into a room that the disk has damaged. Its events are parked, so that other rooms go on; a rebuild
/// of the views reads those events again.
async fn load_rooms(
    store: &dyn ViewStore,
    batch: &mut Batch,
) -> Result<HashMap<RoomId, RoomState>> {
    loop {
        match store.load_rooms(&batch.rooms()).await {
            Err(damaged @ ViewStoreError::Damaged { room, .. }) => {
                batch.park_room(room, &damaged.to_string());
            }
            outcome => return outcome,
        }
    }
}

impl SavedBatch {
    /// The announcements that the caller has to publish before it commits its position; `None` where the view store has
    /// done both.
    #[must_use]
    pub fn unpublished_announcements(self) -> Option<Vec<NewEvent>> {
        (self.saved == Saved::View).then_some(self.announcements)
    }
}
