//! PostgreSQL servers.
//!
//! A server that hangs, or a network that swallows, closes no connection and reports no error. So no call waits for an
//! answer without a limit of this side, and a connection that did not answer is never used again.

use std::{future::Future, io, str::FromStr as _, time::Duration};

use sqlx::{
    Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use crate::StoreError;

/// No statement and no lock is waited for longer (promise P6: an answer in ≤ 5 s).
const STATEMENT_TIMEOUT: &str = "4500ms";
/// Longer than the server takes to cut a statement, so whoever says nothing for so long is not there.
const ANSWER: Duration = Duration::from_millis(4800);
const ACQUIRE: Duration = Duration::from_secs(3);
/// How long a connection that comes back to the pool may take to show that it is alive.
const RETURN: Duration = Duration::from_secs(1);

/// A pool of connections; none is opened until the first is needed, so a server that is down fails calls, not the start.
///
/// `synchronous_commit` is set to `on` for every connection: an acknowledged commit is on disk, whatever the server's
/// own default is.
///
/// # Errors
/// The URL does not parse.
pub fn pool(url: &str, connections: u32) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(url)?.options([
        ("synchronous_commit", "on"),
        ("statement_timeout", STATEMENT_TIMEOUT),
        ("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT),
    ]);
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        // sqlx itself tests what comes back without a limit: what hangs there is missing from the pool until TCP gives it
        // up. This test, which has one, comes first, and leaves only the moment between the two.
        .after_release(|connection, _| {
            Box::pin(async {
                let alive = timeout(RETURN, connection.ping()).await;
                alive.unwrap_or_else(|_| Err(no_answer())).map(|()| true)
            })
        })
        .connect_lazy_with(options))
}

/// Does some work with connections of this pool, for 4.8 s at most, the wait for a connection included. What has not
/// ended by then is dropped, and so are the pool's idle connections: they lead to where no answer comes from.
///
/// # Errors
/// The work took too long. Whether it had an effect is not known.
pub async fn bounded<F: Future>(pool: &PgPool, work: F) -> Result<F::Output, StoreError> {
    let output = answered(work).await;
    if output.is_err() {
        while let Some(mut idle) = pool.try_acquire() {
            idle.close_on_drop();
        }
    }
    output
}

/// Does some work with a connection of its own, for 4.8 s at most. After an error that connection must be dropped.
///
/// # Errors
/// The work took too long. Whether it had an effect is not known.
pub async fn answered<F: Future>(work: F) -> Result<F::Output, StoreError> {
    timeout(ANSWER, work).await.map_err(|_| no_answer().into())
}

fn no_answer() -> sqlx::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer from the server").into()
}
