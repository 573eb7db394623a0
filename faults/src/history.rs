//! The history of a run: each operation that a sender invoked, and how it ended: ok, fail or unknown.

use std::sync::{Mutex, PoisonError};

use colloquy_e2e::client::Sent;
use tokio::time::Instant;

use crate::evidence::Marker;

/// How a call ended, after all of its tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// Acknowledged: its effect must be there once, exactly as answered.
    Ok(T),
    /// Neither acknowledged nor refused, although the sender kept trying when the faults had stopped.
    Unknown,
    /// Refused for good: it must have no effect.
    Refused(u16),
}

/// An operation, under one idempotency key, and how it ended. Contents and names are unique over the whole run, so that
/// what is in a store can be traced to its call.
#[derive(Clone, Debug)]
pub enum Op {
    Message {
        content: String,
        outcome: Outcome<Sent>,
    },
    /// A new room; its answer is the room's id.
    Room {
        name: String,
        creator: i64,
        /// Ascending, the creator included.
        participants: Vec<i64>,
        outcome: Outcome<i64>,
    },
    Marker {
        marker: Marker,
        outcome: Outcome<()>,
    },
}

impl Op {
    /// Whether it was acknowledged.
    pub fn is_acknowledged(&self) -> bool {
        match self {
            Self::Message { outcome, .. } => matches!(outcome, Outcome::Ok(_)),
            Self::Room { outcome, .. } => matches!(outcome, Outcome::Ok(_)),
            Self::Marker { outcome, .. } => matches!(outcome, Outcome::Ok(())),
        }
    }
}

/// One operation with all its tries.
#[derive(Clone, Debug)]
pub struct Call {
    pub op: Op,
    /// How many tries got no answer, or a 503.
    pub failed_tries: u32,
    /// When the call was due; later calls wait behind one that meets a fault, and so meet it too.
    pub due: Instant,
    /// The beginning of the first try: no store had anything of it before.
    pub began: Instant,
    pub ended: Instant,
}

/// All calls of a run.
#[derive(Debug, Default)]
pub struct History(Mutex<Vec<Call>>);

impl History {
    pub fn record(&self, call: Call) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(call);
    }

    pub fn calls(&self) -> Vec<Call> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
