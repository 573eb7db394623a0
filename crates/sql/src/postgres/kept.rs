//! Connections that one part of a service keeps for itself.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgConnectOptions};

/// A connection that was not used for so long may lead to where no answer comes from: something between forgot it.
const MAX_IDLE: Duration = Duration::from_secs(60);
/// As a pool of sqlx replaces its own, so that they spread over servers that were added.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The connections of a part that asks again and again, one question after another. A pool asks each connection twice whether
/// it is alive whenever it comes back, which for a single short statement is more work than the statement. Here none is asked:
/// one that failed is not kept. Cheap to clone; clones share what they keep.
#[derive(Clone, Debug)]
pub struct KeptConnections {
    options: PgConnectOptions,
    idle: Arc<Mutex<Vec<Idle>>>,
}

#[derive(Debug)]
struct Idle {
    connection: PgConnection,
    opened: Instant,
    since: Instant,
}

/// A connection in use. Unless it is kept, it is closed, and what its transaction did is rolled back by the server.
#[derive(Debug)]
pub struct Kept {
    connection: PgConnection,
    opened: Instant,
    idle: Arc<Mutex<Vec<Idle>>>,
}

impl KeptConnections {
    /// Connections to the server of a pool, with one more setting for each session. None is opened until it is needed.
    #[must_use]
    pub fn new(pool: &PgPool, setting: (&str, &str)) -> Self {
        Self {
            options: (*pool.connect_options()).clone().options([setting]),
            idle: Arc::default(),
        }
    }

    /// One that is kept and free, else a new one. It waits as long as the server takes: see [`super::bounded`].
    ///
    /// # Errors
    /// The server is away.
    pub async fn take(&self) -> Result<Kept, sqlx::Error> {
        let kept = self.fresh();
        let (connection, opened) = match kept {
            Some(idle) => (idle.connection, idle.opened),
            None => (
                PgConnection::connect_with(&self.options).await?,
                Instant::now(),
            ),
        };
        Ok(Kept {
            connection,
            opened,
            idle: Arc::clone(&self.idle),
        })
    }

    /// A kept one that is neither old nor long unused; those that are, are closed.
    fn fresh(&self) -> Option<Idle> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|one| one.since.elapsed() < MAX_IDLE && one.opened.elapsed() < MAX_LIFETIME);
        idle.pop()
    }
}

impl Kept {
    /// Keeps it for the next use, now that the server has answered all that was asked.
    pub fn keep(self) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Idle {
                connection: self.connection,
                opened: self.opened,
                since: Instant::now(),
            });
    }
}

impl Deref for Kept {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
