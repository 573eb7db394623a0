//! Starting in any order: a part that is away is waited for, and it is said which.

use colloquy_chassis::{answer::chain, backoff::Backoff, readiness::Readiness};
use colloquy_sql::StoreError;

/// Tries until it succeeds; `/readyz` names the part meanwhile.
///
/// # Errors
/// One that does not pass.
pub async fn wait_for<T>(
    part: &'static str,
    readiness: &Readiness,
    attempt: impl AsyncFn() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let gate = readiness.gate(part);
    let mut backoff = Backoff::default();
    loop {
        match attempt().await {
            Ok(value) => {
                gate.open();
                return Ok(value);
            }
            Err(error) if error.is_transient() && !error.is_locked_out() => {
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
