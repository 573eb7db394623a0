//! A revocation as both databases store it, and what works alike in both.

use colloquy_contracts::{CustomerId, SessionNumber, Timestamp};
use colloquy_credentials::identity::SessionId;
use colloquy_service_api::revocations::{Ended, Revocation, Revocations};
use colloquy_sql::{Database, StoreError, transaction};

use super::PAGE;

/// How many rows to ask for.
pub const PAGE_ROWS: i64 = PAGE as i64;

/// The channel on which instances that share PostgreSQL announce new entries to each other.
pub const CHANNEL: &str = "auth_revocations";
pub const LAST_NUMBER: &str = "SELECT last_number FROM revocation_log";
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

/// Records an entry, and answers its number; of a session that has ended already, the number of then.
pub async fn record(
    database: &Database,
    customer: CustomerId,
    ended: &Ended,
    expires_at: Timestamp,
) -> Result<i64, StoreError> {
    let (session_id, ended_before, except) = match ended {
        Ended::Session { session_id } => (Some(session_id.to_string()), None, None),
        Ended::EarlierSessions { before, except } => {
            (None, Some(before.0), except.map(|it| it.to_string()))
        }
    };
    transaction!(database, |transaction| {
        // Locks the log until the transaction ends: the next number is taken only when this one can be read.
        let number: i64 = sqlx::query_scalar(
            "UPDATE revocation_log SET last_number = last_number + 1 RETURNING last_number",
        )
        .fetch_one(&mut *transaction)
        .await?;
        let known: Option<i64> =
            sqlx::query_scalar("SELECT number FROM revocations WHERE session_id = $1")
                .bind(&session_id)
                .fetch_optional(&mut *transaction)
                .await?;
        if let Some(known) = known {
            transaction.rollback().await?;
            return Ok(known);
        }
        sqlx::query(
            "INSERT INTO revocations
                 (number, customer_id, session_id, ended_before, except_session, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(number)
        .bind(customer.0)
        .bind(session_id)
        .bind(ended_before)
        .bind(except)
        .bind(expires_at.millis())
        .execute(&mut *transaction)
        .await?;
        if let Database::Postgres(_) = database {
            // Sent with the commit. The lock that this takes delays no other entry: they wait for the number already.
            sqlx::query("SELECT pg_notify($1, '')")
                .bind(CHANNEL)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(number)
    })
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
