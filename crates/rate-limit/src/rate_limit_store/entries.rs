//! What both adapters share: the text of their SQL, and what becomes of the rows. The usage of a limit is never looked into
//! by SQL.

use colloquy_contracts::Timestamp;
use colloquy_sql::StoreError;

use super::{Decision, Permit, RateLimit};
use crate::{
    Digest,
    usage::{Usage, Verdict},
};

/// Limits forgotten by one statement, so that it never holds a lock for long.
pub const SWEPT_AT_ONCE: i64 = 1000;

/// The statements on the table of one service.
#[derive(Clone, Debug)]
pub struct Statements {
    /// `$1` key: the usage of a limit. Its row is made if it is not there, since only a row can be locked.
    pub lock: String,
    /// `$1` key, `$2` usage, `$3` end, `$4` owner.
    pub save: String,
    /// `$1` owner.
    pub reset: String,
    /// `$1` end, `$2` rows.
    pub sweep: String,
}

impl Statements {
    /// Those on a table with the columns `limit_key`, `usage`, `ends_at` and `owner`. `row_lock` is added to the choice of the
    /// rows that are swept.
    pub fn of(table: &str, row_lock: &str) -> Self {
        Self {
            lock: format!(
                "INSERT INTO {table} (limit_key, usage, ends_at) VALUES ($1, '{{}}', 0)
                 ON CONFLICT (limit_key) DO UPDATE SET limit_key = excluded.limit_key RETURNING usage"
            ),
            save: format!(
                "UPDATE {table} SET usage = $2, ends_at = $3, owner = $4 WHERE limit_key = $1"
            ),
            reset: format!("DELETE FROM {table} WHERE owner = $1"),
            sweep: format!(
                "DELETE FROM {table} WHERE limit_key IN (
                     SELECT limit_key FROM {table} WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2 {row_lock})"
            ),
        }
    }
}

/// What happens to limits.
#[derive(Clone, Copy)]
pub enum Change<'a> {
    Acquire,
    Refund(&'a Permit),
    Fail(&'a Permit),
}

/// A row to save.
pub struct Row<'a> {
    pub key: &'a str,
    pub usage: String,
    pub ends_at: i64,
    pub owner: Option<&'a str>,
}

/// Limits whose rows are locked, each with its usage as it was and as it is.
#[derive(Default)]
pub struct Entries<'a>(Vec<Entry<'a>>);

struct Entry<'a> {
    limit: &'a RateLimit,
    kept: Usage,
    usage: Usage,
}

/// The limits in the order in which every transaction locks them, so that no two wait for each other.
pub fn in_order(limits: &[RateLimit]) -> Vec<&RateLimit> {
    let mut limits: Vec<_> = limits.iter().collect();
    limits.sort_unstable_by_key(|limit| &limit.key);
    limits
}

impl<'a> Entries<'a> {
    pub fn push(&mut self, limit: &'a RateLimit, usage: &str) -> Result<(), StoreError> {
        let usage: Usage = serde_json::from_str(usage).map_err(defect)?;
        self.0.push(Entry {
            limit,
            kept: usage.clone(),
            usage,
        });
        Ok(())
    }

    /// What the strictest limit says. Also a use that is refused takes back what a clock had spoilt.
    pub fn apply(&mut self, change: Change<'_>, now: Timestamp) -> Verdict {
        for Entry { limit, usage, .. } in &mut self.0 {
            usage.set_right(&limit.policy, now);
            match change {
                Change::Acquire => {}
                Change::Refund(permit) => usage.refund(&limit.policy, permit.acquired_at, now),
                Change::Fail(permit) => usage.fail(&limit.policy, permit.acquired_at, now),
            }
        }
        match change {
            Change::Acquire => self.try_acquire(now),
            Change::Refund(_) | Change::Fail(_) => Verdict::Acquired,
        }
    }

    fn try_acquire(&mut self, now: Timestamp) -> Verdict {
        let mut strictest = Verdict::Acquired;
        let mut acquired = Vec::new();
        for Entry { limit, usage, .. } in &self.0 {
            let mut usage = usage.clone();
            let verdict = usage.try_acquire(&limit.policy, now);
            acquired.push(usage);
            strictest = strictest.max(verdict);
        }
        if strictest == Verdict::Acquired {
            for (entry, usage) in self.0.iter_mut().zip(acquired) {
                entry.usage = usage;
            }
        }
        strictest
    }

    /// The rows that are no longer as they were.
    pub fn changed(&self) -> Result<Vec<Row<'a>>, StoreError> {
        let changed = self.0.iter().filter(|entry| entry.usage != entry.kept);
        changed
            .map(|Entry { limit, usage, .. }| {
                Ok(Row {
                    key: limit.key.as_str(),
                    usage: serde_json::to_string(usage).map_err(defect)?,
                    ends_at: usage.ends_at(&limit.policy),
                    owner: limit.owner.as_ref().map(Digest::as_str),
                })
            })
            .collect()
    }
}

/// The verdict on the use of these limits as the port answers it.
pub fn decision(verdict: Verdict, limits: &[RateLimit], now: Timestamp) -> Decision {
    match verdict {
        Verdict::Acquired => Decision::Acquired(Permit::new(limits, now)),
        Verdict::Undecided => Decision::Undecided,
        Verdict::Refused(until) => Decision::Refused(until),
    }
}

fn defect(error: serde_json::Error) -> StoreError {
    StoreError::Defect(sqlx::Error::Decode(Box::new(error)))
}
