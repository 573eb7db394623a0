//! Storing a batch: what is stored is loaded, the batch folded into it, and the whole saved.
//!
//! A message that clashes with a stored one is tried again a few times before it is set aside (decision 8). Only its own
//! room waits for that: the rest of the batch is stored first.

use std::{collections::HashMap, time::Duration};

use colloquy_contracts::RoomId;
use colloquy_event_log::NewEvent;

use crate::{
    batch::Batch,
    room_state::RoomState,
    view_store::{Saved, ViewStore, ViewStoreError},
};

/// How often a message that clashes is tried, and the pause before each further try: all of them well within a second.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(20);

/// A batch that is stored.
#[derive(Debug)]
pub struct Stored {
    saved: Saved,
    announcements: Vec<NewEvent>,
}

/// Stores a batch. After an error, wait and call again with the same batch: what is stored already does no harm.
///
/// # Errors
/// The batch is not stored, or not all of it; see [`ViewStoreError`].
pub async fn store(store: &dyn ViewStore, batch: &mut Batch) -> Result<Stored, ViewStoreError> {
    let clashing = match attempt(store, batch).await {
        Err(ViewStoreError::Clash(places)) => batch.rooms_of(&places),
        outcome => return outcome,
    };
    let mut apart = batch.split_off(&clashing);
    let stored = store_one_after_the_other(store, batch, &mut apart).await;
    batch.join(apart);
    stored
}

async fn store_one_after_the_other(
    store: &dyn ViewStore,
    batch: &mut Batch,
    apart: &mut Batch,
) -> Result<Stored, ViewStoreError> {
    let first = attempt(store, batch).await?;
    let last = store_what_clashes(store, apart).await?;
    Ok(Stored {
        saved: last.saved,
        announcements: [first.announcements, last.announcements].concat(),
    })
}

/// The try that found the clash was the first.
async fn store_what_clashes(
    store: &dyn ViewStore,
    batch: &mut Batch,
) -> Result<Stored, ViewStoreError> {
    let mut clashing = Vec::new();
    for _ in 1..TRIES {
        tokio::time::sleep(PAUSE).await;
        match attempt(store, batch).await {
            Err(ViewStoreError::Clash(places)) => clashing = places,
            outcome => return outcome,
        }
    }
    batch.park_messages(&clashing, "its id or its seq belongs to another message");
    attempt(store, batch).await
}

async fn attempt(store: &dyn ViewStore, batch: &mut Batch) -> Result<Stored, ViewStoreError> {
    let rooms = load_rooms(store, batch).await?;
    let write = batch.fold(rooms);
    let saved = store.save(&write).await?;
    Ok(Stored {
        saved,
        announcements: write.announcements,
    })
}

/// Nothing can be folded into a room that the disk has damaged. Its events are set aside, so that other rooms go on; the
/// views have to be rebuilt, which reads those events again.
async fn load_rooms(
    store: &dyn ViewStore,
    batch: &mut Batch,
) -> Result<HashMap<RoomId, RoomState>, ViewStoreError> {
    loop {
        match store.load_rooms(&batch.rooms()).await {
            Err(damaged @ ViewStoreError::Damaged { room, .. }) => {
                batch.park_room(room, &damaged.to_string());
            }
            outcome => return outcome,
        }
    }
}

impl Stored {
    /// The announcements, if it is left to the caller to publish them.
    #[must_use]
    pub fn left_to_tell(self) -> Option<Vec<NewEvent>> {
        (self.saved == Saved::View).then_some(self.announcements)
    }
}
