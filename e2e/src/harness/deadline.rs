//! Waiting for a condition instead of sleeping for a guess.

use std::{future::Future, time::Duration};

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

/// How long anything in the suite may take; a healthy system needs a hundredth of it.
pub const DEADLINE: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(20);

/// Asks again and again until the answer is `Some`.
///
/// # Errors
/// The question itself failed, or [`DEADLINE`] passed; the error then says what was awaited.
pub async fn eventually<T, F, Fut>(awaited: &str, ask: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>>>,
{
    within(DEADLINE, awaited, ask).await
}

/// [`eventually`] with a deadline of the caller's.
///
/// # Errors
/// As [`eventually`].
pub async fn within<T, F, Fut>(limit: Duration, awaited: &str, mut ask: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>>>,
{
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if Instant::now() >= end {
            bail!("{awaited}: not within {limit:?}");
        }
        sleep(PAUSE).await;
    }
}
