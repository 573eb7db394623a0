//! When something may be deleted because of its age: the one rule for every sweep (decision 39).
//!
//! The port keeps the readings of the clock beside what is swept, so that they come and go together. A [`Sweeper`] takes
//! one each minute, and what is over-age by them is so whatever the clock says just now.

#[cfg(feature = "test-support")]
mod memory;
mod readings;

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use async_trait::async_trait;
use colloquy_chassis::{Clock, Tasks, answer::chain, clock::ClockReadings};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

#[cfg(feature = "test-support")]
pub use self::memory::MemoryReadings;
pub use self::readings::SqlReadings;
use crate::StoreError;

/// Between two readings of the clock.
const INTERVAL: Duration = Duration::from_secs(60);

/// Where readings are kept.
#[async_trait]
pub trait KeptReadings: Send + Sync + 'static {
    /// The readings so far; those of a clock that was never read if there are none.
    ///
    /// # Errors
    /// The store could not tell.
    async fn load(&self) -> Result<ClockReadings, StoreError>;

    /// Keeps other readings in the place of these, and says whether it did: not if they have changed meanwhile.
    ///
    /// # Errors
    /// The store could not do it.
    async fn replace(
        &self,
        loaded: &ClockReadings,
        with: &ClockReadings,
    ) -> Result<bool, StoreError>;
}

/// Takes readings. Of several processes that sweep one store, one at a time counts its running time: a stretch counts
/// only if no other process has counted any of it.
pub struct Sweeper {
    kept: Arc<dyn KeptReadings>,
    clock: Arc<dyn Clock>,
    ticks: Interval,
    /// The running time that was counted when this process last looked, and when that was.
    looked: Option<(Duration, Instant)>,
}

impl Sweeper {
    /// A sweeper of what lies beside these readings.
    #[must_use]
    pub fn new(kept: Arc<dyn KeptReadings>, clock: Arc<dyn Clock>) -> Self {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            kept,
            clock,
            ticks,
            looked: None,
        }
    }

    /// Starts a task that takes a reading now, each minute and when the process ends, and sweeps after each but the last.
    /// It ends when the sweep breaks.
    pub fn start<Swept>(
        self,
        name: &'static str,
        tasks: &Tasks,
        sweep: impl Fn(ClockReadings) -> Swept + Send + Sync + 'static,
    ) where
        Swept: Future<Output = ControlFlow<()>> + Send + 'static,
    {
        tasks.spawn_vital(name, self.run(tasks.clone(), sweep));
    }

    async fn run<Swept>(mut self, tasks: Tasks, sweep: impl Fn(ClockReadings) -> Swept)
    where
        Swept: Future<Output = ControlFlow<()>>,
    {
        loop {
            tokio::select! {
                () = tasks.stopping() => break,
                _ = self.ticks.tick() => {}
            }
            if let Some(readings) = self.readings().await
                && sweep(readings).await.is_break()
            {
                return;
            }
        }
        self.readings().await;
    }

    /// `None` if the store is away, or another process was faster.
    async fn readings(&mut self) -> Option<ClockReadings> {
        match self.read().await {
            Ok(readings) => readings,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "the clock's readings cannot be kept; nothing is swept for now");
                None
            }
        }
    }

    async fn read(&mut self) -> Result<Option<ClockReadings>, StoreError> {
        let (before, now) = (self.looked.take(), Instant::now());
        let loaded = self.kept.load().await?;
        let ran = before
            .filter(|(counted, _)| *counted == loaded.ran())
            .map_or(Duration::ZERO, |(_, since)| now - since);
        let readings = loaded.with(self.clock.now(), ran);
        if readings != loaded && !self.kept.replace(&loaded, &readings).await? {
            return Ok(None);
        }
        self.looked = Some((readings.ran(), now));
        Ok(Some(readings))
    }
}
