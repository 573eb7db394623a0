//! What the senders did, call by call: ok, fail or unknown.

use std::sync::{Mutex, PoisonError};

use colloquy_e2e::client::Sent;
use tokio::time::Instant;

/// How a call ended, after all of its tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Acknowledged: it must be there, once, exactly as answered.
    Ok(Sent),
    /// Never acknowledged and never refused: it must be wholly there or wholly absent.
    Unknown,
    /// Refused for good: it must be absent.
    Refused(u16),
}

/// One message somebody meant to send, under one idempotency key.
#[derive(Clone, Debug)]
pub struct Call {
    /// Unique over the whole run, so that a message in a store can be traced to its call.
    pub content: String,
    pub outcome: Outcome,
    /// How many tries got no answer, or a 503.
    pub failed_tries: u32,
    /// When it should have been sent; later calls wait behind one that meets a fault, and so meet it too.
    pub due: Instant,
    pub ended: Instant,
}

/// All calls of a run.
#[derive(Debug, Default)]
pub struct Journal(Mutex<Vec<Call>>);

impl Journal {
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
