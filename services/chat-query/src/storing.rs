//! One try after another to store a batch: what is stored is loaded, the batch folded into it, and the whole saved.

use colloquy_event_log::NewEvent;

use crate::{
    batch::Batch,
    view_store::{Saved, ViewStore, ViewStoreError},
};

/// A message that clashes with a stored one is tried this often before it is set aside (decision 8).
const TRIES: u32 = 3;

/// The tries of one batch.
#[derive(Debug, Default)]
pub struct Storing {
    clashes: u32,
}

/// A batch that is stored.
#[derive(Debug)]
pub struct Stored {
    saved: Saved,
    announcements: Vec<NewEvent>,
}

impl Storing {
    /// Tries once. After an error, wait and try again.
    ///
    /// # Errors
    /// The batch is not stored; see [`ViewStoreError`].
    pub async fn attempt(
        &mut self,
        store: &dyn ViewStore,
        batch: &mut Batch,
    ) -> Result<Stored, ViewStoreError> {
        let rooms = store.load_rooms(&batch.rooms()).await?;
        let write = batch.fold(rooms);
        match store.save(&write).await {
            Ok(saved) => Ok(Stored {
                saved,
                announcements: write.announcements,
            }),
            Err(error) => {
                self.park_what_clashes(batch, &error);
                Err(error)
            }
        }
    }

    fn park_what_clashes(&mut self, batch: &mut Batch, error: &ViewStoreError) {
        if let ViewStoreError::Clash(places) = error {
            self.clashes += 1;
            if self.clashes == TRIES {
                batch.park_messages(places, "its id or its seq is another message's");
                self.clashes = 0;
            }
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
