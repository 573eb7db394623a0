//! The full names that messages and rooms carry (decision 3).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use colloquy_chassis::{ServiceName, answer::chain};
use colloquy_contracts::CustomerId;
use colloquy_credentials::identity::Caller;
use colloquy_service_api::{CallError, CustomerDirectory};
use moka::sync::Cache;
use tokio::time::{Instant, timeout};

/// A name is asked for again when it is older.
const NAME_TTL: Duration = Duration::from_secs(60);
const CACHE_CAPACITY: u64 = 100_000;
/// A sender does not wait longer for the directory: their token has a name, too.
const SENDER_TIMEOUT: Duration = Duration::from_millis(500);
/// A new room waits this long for the names of its members, which only the directory has.
const ROOM_TIMEOUT: Duration = Duration::from_secs(1);
/// A directory that failed is not asked for a sender's name for this long.
const COOLDOWN: Duration = Duration::from_secs(1);

/// Full names, at most 60 s old.
pub(crate) struct FullNames {
    directory: Arc<dyn CustomerDirectory>,
    /// Names, and when the directory was asked for them.
    cache: Cache<CustomerId, (String, Instant)>,
    cooldown_until: Mutex<Option<Instant>>,
}

impl FullNames {
    pub(crate) fn new(directory: Arc<dyn CustomerDirectory>) -> Self {
        Self {
            directory,
            cache: Cache::new(CACHE_CAPACITY),
            cooldown_until: Mutex::default(),
        }
    }

    /// The sender's full name; the one in their token when the directory is down or does not know them.
    pub(crate) async fn of_sender(&self, caller: &Caller) -> String {
        let id = caller.customer_id;
        if let Some(name) = self.cached(id) {
            return name;
        }
        if self.is_cooling_down() {
            return caller.full_name.clone();
        }
        match self.ask(&[id], SENDER_TIMEOUT).await {
            Ok(mut names) => names
                .remove(&id)
                .unwrap_or_else(|| caller.full_name.clone()),
            Err(error) => {
                tracing::warn!(error = %chain(&error), "customer management is unavailable; using names from session tokens");
                self.start_cooldown();
                caller.full_name.clone()
            }
        }
    }

    /// The full names of those who exist, asked for now.
    ///
    /// # Errors
    /// The directory did not answer in time.
    pub(crate) async fn of_existing(
        &self,
        ids: &[CustomerId],
    ) -> Result<HashMap<CustomerId, String>, CallError> {
        self.ask(ids, ROOM_TIMEOUT).await
    }

    async fn ask(
        &self,
        ids: &[CustomerId],
        limit: Duration,
    ) -> Result<HashMap<CustomerId, String>, CallError> {
        let asked_at = Instant::now();
        let names = timeout(limit, self.directory.full_names(ids))
            .await
            .map_err(|late| {
                CallError::Unavailable(ServiceName::Customer, Some(Box::new(late)))
            })??;
        for (id, name) in &names {
            self.cache.insert(*id, (name.clone(), asked_at));
        }
        Ok(names)
    }

    /// The name, if it is fresh.
    fn cached(&self, id: CustomerId) -> Option<String> {
        let (name, asked_at) = self.cache.get(&id)?;
        (asked_at.elapsed() < NAME_TTL).then_some(name)
    }

    fn is_cooling_down(&self) -> bool {
        let until = self.cooldown_until.lock();
        until
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(|until| Instant::now() < until)
    }

    fn start_cooldown(&self) {
        let mut until = self
            .cooldown_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *until = Some(Instant::now() + COOLDOWN);
    }
}

#[cfg(test)]
mod tests;
