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
        let Some(rebuild) = self.dead(error) else {
            return;
        };
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

    fn dead(&mut self, error: &ViewStoreError) -> Option<Uuid> {
        let ViewStoreError::Held(rebuild) = *error else {
            // While the store is away, the rebuild waits for it as well.
            self.0 = None;
            return None;
        };
        let since = match self.0 {
            Some((known, since)) if known == rebuild => since,
            _ => self.0.insert((rebuild, Instant::now())).1,
        };
        (since.elapsed() >= LONGEST).then_some(rebuild)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn decision_14_the_time_in_which_a_rebuild_could_not_go_on_does_not_count() {
        let mut holds = Holds::default();
        let held = ViewStoreError::Held(Uuid::from_u128(1));
        for outage in 0..3 {
            assert_eq!(holds.dead(&held), None, "{outage}");
            advance(LONGEST - Duration::from_secs(1)).await;
            assert_eq!(holds.dead(&held), None, "{outage}");
            holds.dead(&ViewStoreError::Unavailable("away".into()));
            advance(LONGEST).await;
        }
        assert_eq!(holds.dead(&held), None);
        advance(LONGEST).await;
        let another = ViewStoreError::Held(Uuid::from_u128(2));
        assert_eq!(holds.dead(&another), None);
        assert_eq!(holds.dead(&held), None);
        advance(LONGEST).await;
        assert_eq!(holds.dead(&held), Some(Uuid::from_u128(1)));
    }
}
