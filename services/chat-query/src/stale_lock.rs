//! Distinguishes a rebuild that has locked the views for a moment from one that died while it had (decision 14).

use std::time::Duration;

use colloquy_chassis::answer::chain;
use tokio::time::Instant;
use uuid::Uuid;

use crate::view_store::{ViewStore, ViewStoreError};

/// A rebuild that locks the views for longer has died.
const STALE_AFTER: Duration = Duration::from_secs(10);

/// Which rebuild the caller has found the views locked by, and since when.
#[derive(Debug, Default)]
pub struct StaleLockDetector(Option<(Uuid, Instant)>);

impl StaleLockDetector {
    /// Takes note of an error of the view store, and unlocks the views when one rebuild has locked them for too long.
    pub async fn observe(&mut self, error: &ViewStoreError, store: &dyn ViewStore) {
        let Some(rebuild) = self.stale(error) else {
            return;
        };
        match store.abandon(rebuild).await {
            Ok(()) => {
                tracing::warn!(%rebuild, "a rebuild died while it had locked the views; they were unlocked");
            }
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    "the views are still locked by a dead rebuild"
                );
            }
        }
    }

    fn stale(&mut self, error: &ViewStoreError) -> Option<Uuid> {
        let ViewStoreError::Locked(rebuild) = *error else {
            // While the store is away, the rebuild waits for it as well.
            self.0 = None;
            return None;
        };
        let since = match self.0 {
            Some((owner, since)) if owner == rebuild => since,
            _ => self.0.insert((rebuild, Instant::now())).1,
        };
        (since.elapsed() >= STALE_AFTER).then_some(rebuild)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn decision_14_the_time_in_which_a_rebuild_could_not_go_on_does_not_count() {
        let mut detector = StaleLockDetector::default();
        let locked = ViewStoreError::Locked(Uuid::from_u128(1));
        for outage in 0..3 {
            assert_eq!(detector.stale(&locked), None, "{outage}");
            advance(STALE_AFTER - Duration::from_secs(1)).await;
            assert_eq!(detector.stale(&locked), None, "{outage}");
            detector.stale(&ViewStoreError::Unavailable("away".into()));
            advance(STALE_AFTER).await;
        }
        assert_eq!(detector.stale(&locked), None);
        advance(STALE_AFTER).await;
        let another = ViewStoreError::Locked(Uuid::from_u128(2));
        assert_eq!(detector.stale(&another), None);
        assert_eq!(detector.stale(&locked), None);
        advance(STALE_AFTER).await;
        assert_eq!(detector.stale(&locked), Some(Uuid::from_u128(1)));
    }
}
