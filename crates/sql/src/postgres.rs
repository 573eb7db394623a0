//! PostgreSQL servers.

use std::{str::FromStr as _, time::Duration};

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::StoreError;

/// No statement and no lock is waited for longer (promise P6: an answer in ≤ 5 s).
const STATEMENT_TIMEOUT: &str = "4500ms";
const ACQUIRE: Duration = Duration::from_secs(3);

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
        .connect_lazy_with(options))
}
