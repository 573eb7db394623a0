//! What a database can answer instead of doing what it was asked.

use colloquy_chassis::{Failure, Kind, Refusal, answer::chain};
use sqlx::migrate::MigrateError;

/// Why a store could not do what it was asked. Nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is down, busy beyond its time limit, full, or does not let us in: the same call may succeed later.
    #[error("the store is unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// A defect: SQL that the store does not understand, or a row that does not decode.
    #[error("the store refused a statement")]
    Defect(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether waiting and trying again can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether a server that is there does not let us in, or is not the one that our settings describe: a person has to
    /// mend the settings, or the server. A process that starts ends with this and says so; one that runs goes on trying,
    /// because its settings were right.
    #[must_use]
    pub fn is_locked_out(&self) -> bool {
        match self {
            Self::Unavailable(sqlx::Error::Database(refusal)) => {
                refusal.code().is_some_and(|code| locks_out(&code))
            }
            Self::Unavailable(sqlx::Error::Tls(_)) => true,
            Self::Unavailable(error @ sqlx::Error::Io(_)) => {
                Refusal::in_words(&chain(error)).is_some()
            }
            _ => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let transient = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(refusal) => {
                refusal.code().is_some_and(|code| transient_code(&code))
            }
            _ => false,
        };
        if transient {
            Self::Unavailable(error)
        } else {
            Self::Defect(error)
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(beneath) | MigrateError::ExecuteMigration(beneath, _) => {
                beneath.into()
            }
            other => Self::Defect(other.into()),
        }
    }
}

impl Failure for StoreError {
    fn kind(&self) -> Kind {
        if self.is_transient() {
            Kind::Unavailable
        } else {
            Kind::Internal
        }
    }
}

/// A server that only reads, as a former primary does after a failover; a transaction that was idle or open for too
/// long; a lock that is not available.
const PASSING_STATES: [&str; 4] = ["25006", "25P03", "25P04", "55P03"];

/// PostgreSQL's SQLSTATE classes 08 (connection), 40 (roll-back), 53 (resources), 57 (operator intervention, which is
/// also a statement cut by its timeout), 58 (system), [`PASSING_STATES`], and what [`locks_out`]; SQLite's primary codes
/// BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN and PROTOCOL (too many came for a lock at once), with
/// their extended forms.
fn transient_code(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "40", "53", "57", "58"]
            .iter()
            .any(|class| code.starts_with(class))
            || PASSING_STATES.contains(&code)
            || locks_out(code);
    }
    code.parse::<i32>()
        .is_ok_and(|code| matches!(code & 0xff, 5..=10 | 13..=15))
}

/// PostgreSQL's class 28 (who we are is refused), 3D000 (no such database) and 42501 (a right that was taken from us).
fn locks_out(code: &str) -> bool {
    code.len() == 5 && (code.starts_with("28") || ["3D000", "42501"].contains(&code))
}
