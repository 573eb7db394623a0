//! Starting in any order: a part that is away is waited for, and it is said which. A part that is there and refuses us, or
//! that we refuse, only a person can mend: a process that is of no use without the part ends and names the setting, and one
//! that is of use says so and goes on.

use std::error::Error;

use colloquy_chassis::{
    Refusal, SettingNames, Tasks, answer::chain, backoff::Backoff, readiness::Readiness,
};
use colloquy_sql::StoreError;

/// Tries until it succeeds; `/readyz` names the part meanwhile.
///
/// # Errors
/// One that does not pass.
pub async fn wait_for<T>(
    part: &'static str,
    names: &SettingNames,
    readiness: &Readiness,
    attempt: impl AsyncFn() -> Result<T, StoreError>,
) -> anyhow::Result<T> {
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
            Err(error) => return Err(advised(error, names)),
        }
    }
}

/// Goes on with a part that was reached, or that is away and may come later.
///
/// # Errors
/// One of the two sides refuses the other.
pub fn unless_refused<E: Error + Send + Sync + 'static>(
    reached: Result<(), E>,
    names: &SettingNames,
) -> anyhow::Result<()> {
    match reached {
        Err(error) if Refusal::in_words(&chain(&error)).is_some() => Err(advised(error, names)),
        _ => Ok(()),
    }
}

/// Says once if a part that a process can do without refuses us, or we it. It is asked until it has answered.
pub fn warn_if_refused<F, E>(
    tasks: &Tasks,
    names: SettingNames,
    reach: impl Fn() -> F + Send + 'static,
) where
    F: Future<Output = Result<(), E>> + Send,
    E: Error + Send + Sync + 'static,
{
    let stop = tasks.clone();
    tasks.spawn(async move {
        let mut backoff = Backoff::default();
        loop {
            let error = tokio::select! {
                reached = reach() => reached.err(),
                () = stop.stopping() => return,
            };
            let Some(error) = error else { return };
            if let Some(refusal) = Refusal::in_words(&chain(&error)) {
                let reason = refusal.advice(&names);
                return tracing::error!(%reason, "going on without a part until it is mended");
            }
            backoff.wait().await;
        }
    });
}

/// The error behind the setting to look at, if one of the two sides refuses the other.
pub fn advised<E: Error + Send + Sync + 'static>(error: E, names: &SettingNames) -> anyhow::Error {
    let refusal = Refusal::in_words(&chain(&error));
    let error = anyhow::Error::new(error);
    match refusal {
        Some(refusal) => error.context(refusal.advice(names)),
        None => error,
    }
}
