//! Telling a rebuild that holds the views for a moment from one that has died while it did (decision 14).

use std::time::Duration;

use colloquy_chassis::answer::chain;
use tokio::time::Instant;
use uuid::Uuid;

use crate::view_store::{ViewStore, ViewStoreError};

/// Whoever holds the views for longer has died.
const LONGEST: Duration = Duration::from_secs(10);

/// What somebody who waits has seen.
#[derive(Debug, Default)]
pub struct Holds(Option<(Uuid, Instant)>);

impl Holds {
    /// Lets go of the views when the same rebuild has held them for too long.
    pub async fn note(&mut self, error: &ViewStoreError, store: &dyn ViewStore) {
        let ViewStoreError::Held(rebuild) = *error else {
            return;
        };
        let since = match self.0 {
            Some((known, since)) if known == rebuild => since,
            _ => self.0.insert((rebuild, Instant::now())).1,
        };
        if since.elapsed() < LONGEST {
            return;
        }
        match store.abandon(rebuild).await {
            Ok(()) => {
                tracing::warn!(%rebuild, "a rebuild died while it held the views; they were released");
            }
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    "a dead rebuild still holds the views"
                );
            }
        }
    }
}
