//! Starting in any order: a part that is away is waited for, and it is said which.

use std::{error::Error, fmt::Display};

use colloquy_chassis::{answer::chain, backoff::Backoff, readiness::Readiness};
use colloquy_event_log::EventLogError;
use colloquy_sql::StoreError;

/// An error that may pass.
pub trait Passing: Error + 'static {
    /// Whether the same try may succeed later.
    fn passes(&self) -> bool;
}

impl Passing for StoreError {
    fn passes(&self) -> bool {
        self.is_transient() && !self.is_locked_out()
    }
}

impl Passing for EventLogError {
    fn passes(&self) -> bool {
        !matches!(self, Self::Misconfigured(_))
    }
}

/// Tries until it succeeds; `/readyz` names the part meanwhile.
///
/// # Errors
/// One that does not pass.
pub async fn wait_for<T, E: Passing + Display>(
    part: &'static str,
    readiness: &Readiness,
    attempt: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    let gate = readiness.gate(part);
    let mut backoff = Backoff::default();
    loop {
        match attempt().await {
            Ok(value) => {
                gate.open();
                return Ok(value);
            }
            Err(error) if error.passes() => {
                tracing::warn!(
                    part,
                    error = chain(&error),
                    "waiting for a part that is unavailable"
                );
                backoff.wait().await;
            }
            Err(error) => return Err(error),
        }
    }
}
