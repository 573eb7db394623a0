//! Readings in memory, for tests of what sweeps.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use colloquy_chassis::clock::ClockReadings;

use super::KeptReadings;
use crate::StoreError;

/// They end with the process.
#[derive(Debug, Default)]
pub struct MemoryReadings(Mutex<ClockReadings>);

impl From<ClockReadings> for MemoryReadings {
    fn from(readings: ClockReadings) -> Self {
        Self(Mutex::new(readings))
    }
}

#[async_trait]
impl KeptReadings for MemoryReadings {
    async fn load(&self) -> Result<ClockReadings, StoreError> {
        Ok(*self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn replace(
        &self,
        loaded: &ClockReadings,
        with: &ClockReadings,
    ) -> Result<bool, StoreError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = *kept == *loaded;
        if is_same {
            *kept = *with;
        }
        Ok(is_same)
    }
}
