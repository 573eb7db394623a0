//! The low watermark: an id below which the outbox has no row and never will have one.
//!
//! While a snapshot is open, a backup's for instance, PostgreSQL keeps every deleted row, and a read of the outbox from its
//! beginning walks over all that was published since. Reads begin at the low watermark instead.
//!
//! No row that commits late is missed. Ids come from one sequence without a cache: when a row has been read, every lower
//! id has been drawn. The transaction that draws one holds a ROW EXCLUSIVE lock on the table from before the draw until its
//! row is visible to all or rolled back. So when all transactions have ended that held such a lock after that read, all ids
//! up to that of the row that was read are decided, and the lowest one that is still there is the low watermark: rows of
//! blocked rooms are never below it. (Prepared transactions, which hold their locks under another name, are not used here.)
//!
//! The value of the sequence itself would not do: a server that crashes may draw ids again that no commit made durable.
//! The id of a row that was read is durable. What another server has is not known, so a low watermark holds for one start of
//! one server, and what was read elsewhere, or of a table that was restored since, is forgotten.

use sqlx::PgConnection;

/// So many rows are read between two looks at the locks.
const ROWS_BETWEEN_LOOKS: usize = 2_000;

/// What is known for the next low watermark. The watermark itself is in the row of the lease, so that the next relay begins
/// there.
#[derive(Debug, Default)]
pub(super) struct LowWatermark {
    /// Which outbox this is about: that of one start of one server, as `outbox_place()` says.
    incarnation: String,
    /// The highest id that was read.
    highest: i64,
    /// Rows that were read since the last look.
    read: usize,
    undecided: Option<Undecided>,
}

/// Ids that will be decided.
#[derive(Debug)]
struct Undecided {
    up_to: i64,
    /// Transactions that may have drawn some of them and have not ended.
    open: Vec<String>,
}

impl LowWatermark {
    /// Notes the ids that were read from that outbox.
    pub(super) fn read(&mut self, incarnation: &str, ids: impl Iterator<Item = i64>) {
        self.stay_with(incarnation);
        for id in ids {
            self.highest = self.highest.max(id);
            self.read += 1;
        }
    }

    /// The outbox that was read last; none is called so before the first read.
    pub(super) fn incarnation(&self) -> &str {
        &self.incarnation
    }

    pub(super) fn is_due(&self) -> bool {
        self.read >= ROWS_BETWEEN_LOOKS
    }

    /// Looks at the locks, and raises the low watermark if no transaction is left that could add a row below.
    pub(super) async fn raise(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.read = 0;
        let (incarnation, open): (String, Vec<String>) = sqlx::query_as(
            "SELECT outbox_place(),
                 ARRAY (SELECT virtualtransaction FROM pg_locks
                     WHERE relation = 'outbox'::regclass AND mode = 'RowExclusiveLock'
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
        )
        .fetch_one(&mut *connection)
        .await?;
        self.stay_with(&incarnation);
        let highest = self.highest;
        let undecided = self.undecided.get_or_insert_with(|| Undecided {
            up_to: highest,
            open: open.clone(),
        });
        undecided.open.retain(|one| open.contains(one));
        if !undecided.open.is_empty() {
            return Ok(());
        }
        let up_to = undecided.up_to;
        self.undecided = None;
        set(connection, up_to).await
    }

    /// Forgets what is known of another outbox.
    fn stay_with(&mut self, incarnation: &str) {
        if self.incarnation != incarnation {
            *self = Self {
                incarnation: incarnation.to_owned(),
                ..Self::default()
            };
        }
    }
}

/// Sets the low watermark to the lowest id that is there, now that all these ids are decided.
async fn set(connection: &mut PgConnection, up_to: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE relay_lease SET floor_of = outbox_place(), floor = coalesce((
             SELECT min(id) FROM outbox
             WHERE id >= coalesce((SELECT floor FROM relay_lease WHERE floor_of = outbox_place()), 0)
               AND id <= $1
         ), $1 + 1)",
    )
    .bind(up_to)
    .execute(connection)
    .await?;
    Ok(())
}
