//! PostgreSQL servers.
//!
//! A server that hangs, or a network that swallows, closes no connection and reports no error. So no call waits for an
//! answer without a limit of this side, and a connection that did not answer is never used again.

mod facts;
mod kept;

use std::{future::Future, io, str::FromStr as _, time::Duration};

use colloquy_chassis::{StoreAddress, answer::chain, backoff::Backoff};
use sqlx::{
    Connection as _, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions, PgSslMode},
};
use tokio::time::{Instant, timeout};

pub use self::{
    facts::{ServerFacts, facts},
    kept::{Kept, KeptConnections},
};
use crate::StoreError;

/// No statement and no lock is waited for longer (promise P6: an answer in ≤ 5 s).
const STATEMENT_TIMEOUT: &str = "4500ms";
/// Longer than the server takes to cut a statement, so a server that says nothing for so long is not there.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(4800);
/// How long a caller waits for a connection of the pool.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// A caller that gives up earlier was in a hurry, and nothing is known of the server.
const SUSPICIOUS_AFTER: Duration = Duration::from_millis(500);
/// A connection of the pool that was idle for so long is asked whether it is alive before it is used.
const ASKED_AFTER_IDLE: Duration = Duration::from_secs(60);
/// An older connection is closed when it comes back, so that connections spread over servers that were added.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How long a connection of the pool may take to show that it is alive; else another takes its place.
const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// A listening connection that says nothing for so long is asked whether it is still there.
const IDLE_AFTER: Duration = Duration::from_secs(5);

/// A pool of connections; none is opened until the first is needed, so a server that is down fails calls, not the start.
///
/// `synchronous_commit` is set to `on` for every connection: an acknowledged commit is on disk, whatever the server's
/// own default is. A file of TLS asks for `verify-full`, whatever the URL says; without any the URL alone decides.
///
/// # Errors
/// The URL does not parse.
pub fn pool(address: impl Into<StoreAddress>, connections: u32) -> Result<PgPool, StoreError> {
    let options = options(&address.into())?.options([
        ("synchronous_commit", "on"),
        // What a server remarks on a table that is there already helps no reader of a log.
        ("client_min_messages", "warning"),
        ("statement_timeout", STATEMENT_TIMEOUT),
        ("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT),
    ]);
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        // sqlx itself asks and closes without a limit, and over TLS a close waits for the server: what hangs there is missing
        // from the pool until TCP gives it up. So what comes back, and what was idle for long, is asked with a limit first,
        // and what does not answer is replaced where it is. That leaves the moment between the two.
        .max_lifetime(None)
        .idle_timeout(None)
        .before_acquire({
            let options = options.clone();
            move |connection, meta| {
                let options = options.clone();
                Box::pin(async move {
                    if meta.idle_for >= ASKED_AFTER_IDLE {
                        ask(connection, &options).await?;
                    }
                    Ok(true)
                })
            }
        })
        .after_release({
            let options = options.clone();
            move |connection, meta| {
                let options = options.clone();
                Box::pin(async move {
                    ask(connection, &options).await?;
                    Ok(meta.age < MAX_LIFETIME)
                })
            }
        })
        .connect_lazy_with(options))
}

/// Asks a connection whether it is alive, and puts another in its place if no answer comes.
async fn ask(connection: &mut PgConnection, options: &PgConnectOptions) -> sqlx::Result<()> {
    match timeout(PING_TIMEOUT, connection.ping()).await {
        Ok(answer) => answer,
        Err(_) => {
            *connection = another(options).await;
            Ok(())
        }
    }
}

/// Another connection, once the server lets one in.
async fn another(options: &PgConnectOptions) -> PgConnection {
    let mut backoff = Backoff::default();
    loop {
        match timeout(ACQUIRE_TIMEOUT, PgConnection::connect_with(options)).await {
            Ok(Ok(connection)) => return connection,
            Ok(Err(error)) => {
                tracing::warn!(
                    error = chain(&error),
                    "a connection that hung is not replaced yet"
                );
            }
            Err(_) => {}
        }
        backoff.wait().await;
    }
}

fn options(StoreAddress { url, tls }: &StoreAddress) -> Result<PgConnectOptions, StoreError> {
    let mut options = PgConnectOptions::from_str(url)?;
    if !tls.is_empty() {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    if let Some(ca) = &tls.ca {
        options = options.ssl_root_cert(ca);
    }
    if let Some(identity) = &tls.identity {
        options = options
            .ssl_client_cert(&identity.cert)
            .ssl_client_key(&identity.key);
    }
    Ok(options)
}

/// Makes or migrates the tables of a service, as [`bounded`] as any work; several instances may do so at once. Services
/// share a database: what was migrated is noted in a table of the service's own.
///
/// # Errors
/// The server is away or did not answer, or the tables were made by a newer version.
pub async fn migrate(
    pool: &PgPool,
    mut migrator: Migrator,
    notes: &'static str,
) -> Result<(), StoreError> {
    migrator.dangerous_set_table_name(notes);
    let work = async {
        let mut connection = pool.acquire().await?;
        // Its session holds a lock, which others would wait for if a work that was cut short left it in the pool.
        connection.close_on_drop();
        migrator.run_direct(None, &mut *connection, false).await
    };
    Ok(bounded(pool, work).await??)
}

/// Does some work with connections of this pool, for 4.8 s at most, the wait for a connection included. What has not
/// ended by then, or when the caller has waited for a while and gives up, is dropped, and so are the pool's idle
/// connections: they lead to where no answer comes from.
///
/// # Errors
/// The work took too long. Whether it had an effect is not known.
pub async fn bounded<F: Future>(pool: &PgPool, work: F) -> Result<F::Output, StoreError> {
    let mut silence = Silence {
        pool: Some(pool),
        begun: Instant::now(),
    };
    let output = answered(work).await?;
    silence.pool = None;
    Ok(output)
}

/// Does some work with a connection of its own, for 4.8 s at most. After an error that connection must be dropped.
///
/// # Errors
/// The work took too long. Whether it had an effect is not known.
pub async fn answered<F: Future>(work: F) -> Result<F::Output, StoreError> {
    timeout(ANSWER_TIMEOUT, work)
        .await
        .map_err(|_| no_answer().into())
}

/// Calls `heard` soon after each NOTIFY on a channel, and whenever it begins to listen, for ever. It has a connection of its
/// own; while that is away nothing is heard, so what depends on being woken also polls.
pub async fn hear(pool: &PgPool, channel: &str, heard: impl Fn() + Send + Sync) {
    let mut backoff = Backoff::default();
    loop {
        if let Err(error) = listen(pool, channel, &heard, &mut backoff).await {
            tracing::debug!(error = %chain(&error), channel, "not listening for other instances; polling");
        }
        backoff.wait().await;
    }
}

async fn listen(
    pool: &PgPool,
    channel: &str,
    heard: &(impl Fn() + Send + Sync),
    backoff: &mut Backoff,
) -> Result<(), StoreError> {
    // A listener takes its connection from a pool, and keeps it from the pool while it hangs: hence one of its own.
    let own = PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with((*pool.connect_options()).clone());
    let mut listener = answered(PgListener::connect_with(&own)).await??;
    // A connection that is lost ends the listening: reconnected silently, it would miss what was said in between.
    listener.eager_reconnect(false);
    answered(listener.listen(channel)).await??;
    backoff.reset();
    heard();
    loop {
        match timeout(IDLE_AFTER, listener.try_recv()).await {
            Ok(notice) => match notice? {
                Some(_) => heard(),
                None => return Ok(()),
            },
            Err(_silence) => {
                answered(sqlx::query("SELECT 1").execute(&mut listener)).await??;
            }
        }
    }
}

/// Nothing was heard from the server of this pool since then.
struct Silence<'a> {
    pool: Option<&'a PgPool>,
    begun: Instant,
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        let pool = self
            .pool
            .filter(|_| self.begun.elapsed() >= SUSPICIOUS_AFTER);
        while let Some(idle) = pool.and_then(PgPool::try_acquire) {
            drop(idle.detach());
        }
    }
}

fn no_answer() -> sqlx::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer from the server").into()
}
