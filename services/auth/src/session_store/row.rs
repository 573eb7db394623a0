//! A revocation as both databases store it, and the SQL that works in both.

use colloquy_contracts::{CustomerId, SessionNumber, Timestamp};
use colloquy_credentials::identity::SessionId;
use colloquy_service_api::revocations::{Ended, Revocation, Revocations};
use colloquy_sql::StoreError;

use super::PAGE;

/// How many rows to ask for.
pub const PAGE_ROWS: i64 = PAGE as i64;

/// Locks the log until the transaction ends: the next number is taken only when this one can be read.
pub const NEXT_NUMBER: &str =
    "UPDATE revocation_log SET last_number = last_number + 1 RETURNING last_number";
pub const LAST_NUMBER: &str = "SELECT last_number FROM revocation_log";
/// `$1` session.
pub const NUMBER_OF_SESSION: &str = "SELECT number FROM revocations WHERE session_id = $1";
/// The [`columns`] are `$3`, `$4` and `$5`.
pub const INSERT: &str = "INSERT INTO revocations
     (number, customer_id, session_id, ended_before, except_session, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6)";
/// Entries after `$1` and up to `$2`, at most `$3`.
pub const READ: &str =
    "SELECT * FROM revocations WHERE number > $1 AND number <= $2 ORDER BY number LIMIT $3";
/// `$1` over-age.
pub const SWEEP: &str = "DELETE FROM revocations WHERE expires_at <= $1";

#[derive(sqlx::FromRow)]
pub struct Row {
    number: i64,
    customer_id: i64,
    session_id: Option<String>,
    ended_before: Option<i64>,
    except_session: Option<String>,
    expires_at: i64,
}

/// The columns `session_id`, `ended_before` and `except_session`.
pub fn columns(ended: &Ended) -> (Option<String>, Option<i64>, Option<String>) {
    match ended {
        Ended::Session { session_id } => (Some(session_id.to_string()), None, None),
        Ended::EarlierSessions { before, except } => (
            None,
            Some(before.0),
            except.map(|except| except.to_string()),
        ),
    }
}

/// A page of rows of a log that ends at `last_number`.
pub fn page(rows: Vec<Row>, last_number: i64) -> Result<Revocations, StoreError> {
    let is_whole = rows.len() < PAGE;
    let revocations = rows
        .into_iter()
        .map(Row::into_revocation)
        .collect::<Result<Vec<_>, _>>()?;
    let last_read = revocations.last().map(|revocation| revocation.number);
    let up_to = last_read.filter(|_| !is_whole).unwrap_or(last_number);
    Ok(Revocations {
        revocations,
        up_to,
        is_end: up_to == last_number,
    })
}

impl Row {
    fn into_revocation(self) -> Result<Revocation, StoreError> {
        let ended = match (self.session_id, self.ended_before) {
            (Some(id), _) => Ended::Session {
                session_id: session(&id)?,
            },
            (None, ended_before) => Ended::EarlierSessions {
                before: SessionNumber(ended_before.unwrap_or_default()),
                except: self.except_session.as_deref().map(session).transpose()?,
            },
        };
        Ok(Revocation {
            number: self.number,
            customer_id: CustomerId(self.customer_id),
            ended,
            expires_at: Timestamp::from_millis(self.expires_at),
        })
    }
}

fn session(text: &str) -> Result<SessionId, StoreError> {
    text.parse()
        .map_err(|error| StoreError::Defect(sqlx::Error::Decode(Box::new(error))))
}
