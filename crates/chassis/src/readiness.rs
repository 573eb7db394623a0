//! Whether a process can serve, and what it waits for if not.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

/// The parts a process still waits for. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<BTreeSet<&'static str>>>);

/// One part that is waited for, until it is opened.
#[derive(Debug)]
pub struct Gate {
    readiness: Readiness,
    part: &'static str,
}

impl Readiness {
    /// Not ready until the gate is opened.
    #[must_use]
    pub fn gate(&self, part: &'static str) -> Gate {
        self.set().insert(part);
        Gate {
            readiness: self.clone(),
            part,
        }
    }

    /// What is still waited for; empty means ready.
    #[must_use]
    pub fn waiting_for(&self) -> Vec<&'static str> {
        self.set().iter().copied().collect()
    }

    fn set(&self) -> std::sync::MutexGuard<'_, BTreeSet<&'static str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate {
    /// The part is there.
    pub fn open(&self) {
        self.readiness.set().remove(self.part);
    }

    /// The part is gone again.
    pub fn close(&self) {
        self.readiness.set().insert(self.part);
    }
}
