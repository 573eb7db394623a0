//! The outbox table, the lease, and how instances wake each other.
//!
//! `relay_lease` has one row, id 1, which is there once a relay has taken the lease. It holds the lease and the low
//! watermark, in the columns `floor` and `floor_of`; without it, or for another outbox, the watermark is 0: no id is as low.
//!
//! No NOTIFY runs in a committing transaction: it would serialise all commits. After a commit the instance wakes its own
//! relay and, through a separate connection, the others; any number of commits meanwhile is one NOTIFY.

mod low_watermark;

use std::{
    sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use colloquy_chassis::{Tasks, answer::chain};
use colloquy_contracts::{RoomId, topics::UnknownTopic};
use colloquy_event_log::NewEvent;
use colloquy_sql::{
    StoreError,
    postgres::{self, KeptConnections, answered, bounded},
};
use sqlx::{PgPool, Row as _, postgres::PgRow};
use tokio::{
    sync::{Mutex, Notify},
    time::Instant,
};
use uuid::Uuid;

use self::low_watermark::LowWatermark;
use super::{Backlog, COUNTED, Lease, Outbox, Unpublished};

const CHANNEL: &str = "chat_command_outbox";
/// A relay reads each second, so one that has not held the lease for longer may have lost it.
const HELD_FOR: Duration = Duration::from_secs(2);
/// Losing a removal in a crash of the server costs a repeat, which readers drop; waiting for the disk would cost time.
const RELAXED: (&str, &str) = ("synchronous_commit", "off");

/// One row always comes back and says whether the lease is held, so that this costs no statement of its own. Rooms left out
/// are passed over in id order: only from the low watermark is it certain that no earlier event is missed. What a statement
/// removes it still reads, hence the second condition. Ids mean something in the outbox that they were read from, `$6`: another
/// server, or a restored table, may have drawn the same ones for events that were never published.
const REMOVE_AND_READ: &str = "
     WITH outbox_now AS (SELECT outbox_place() AS place),
     published AS (SELECT id FROM unnest($5::bigint[]) AS id WHERE (SELECT place FROM outbox_now) = $6),
     removed AS (DELETE FROM outbox WHERE id = ANY (ARRAY (SELECT id FROM published)))
     SELECT held.*, waiting.* FROM (
         SELECT EXISTS (SELECT FROM relay_lease
             WHERE holder = $1::uuid AND epoch = $2 AND expires_at > clock_timestamp()) AS held,
             (SELECT place FROM outbox_now) AS place) AS held
     LEFT JOIN (SELECT id, topic, room_id, event_id, payload, traceparent FROM outbox
         WHERE id >= coalesce((SELECT floor FROM relay_lease WHERE floor_of = outbox_place()), 0)
           AND id NOT IN (SELECT id FROM published)
           AND room_id NOT IN (SELECT unnest($4::bigint[])) ORDER BY id LIMIT $3) AS waiting
     ON held.held ORDER BY waiting.id";

/// The adapter. Cheap to clone; clones wake each other.
#[derive(Clone, Debug)]
pub struct PostgresOutbox {
    pool: PgPool,
    /// For removals and notifications, of which nothing is lost with the server.
    relaxed: KeptConnections,
    /// Wakes the relay of this process.
    relay: Arc<Notify>,
    /// Wakes the task that notifies other instances.
    others: Arc<Notify>,
    /// When the relay of this process last held the lease.
    held_at: Arc<StdMutex<Option<Instant>>>,
    /// The id from which the relay of this process reads.
    low_watermark: Arc<Mutex<LowWatermark>>,
}

impl PostgresOutbox {
    /// The outbox of a database, with its two tasks: one notifies other instances of commits here, one listens for theirs.
    /// Each has a connection beside the pool. They end with the soft signal: from then on relays poll.
    #[must_use]
    pub fn start(pool: PgPool, tasks: &Tasks) -> Self {
        let outbox = Self {
            relaxed: KeptConnections::new(&pool, RELAXED),
            pool,
            relay: Arc::default(),
            others: Arc::default(),
            held_at: Arc::default(),
            low_watermark: Arc::default(),
        };
        let (notifying, listening) = (outbox.clone(), outbox.clone());
        let (stop_notifying, stop_listening) = (tasks.clone(), tasks.clone());
        tasks.spawn_vital("outbox: notify other instances", async move {
            tokio::select! {
                () = stop_notifying.stopping() => {}
                () = notifying.notify_others() => {}
            }
        });
        tasks.spawn_vital("outbox: listen to other instances", async move {
            tokio::select! {
                () = stop_listening.stopping() => {}
                () = postgres::hear(&listening.pool, CHANNEL, || listening.relay.notify_one()) => {}
            }
        });
        outbox
    }

    /// Notifies relays that events were committed: the one of this process, and those of other instances unless this one
    /// publishes, as far as is known.
    pub fn committed(&self) {
        self.relay.notify_one();
        if !self.held_at().is_some_and(|at| at.elapsed() < HELD_FOR) {
            self.others.notify_one();
        }
    }

    fn held_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.held_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn notify_others(&self) {
        loop {
            self.others.notified().await;
            let sent = answered(self.notify()).await;
            if let Err(error) = sent.and_then(|sent| Ok(sent?)) {
                tracing::debug!(error = %chain(&error), "other instances were not notified; they poll");
            }
        }
    }

    async fn notify(&self) -> Result<(), sqlx::Error> {
        let mut connection = self.relaxed.take().await?;
        sqlx::query("SELECT pg_notify($1, '')")
            .bind(CHANNEL)
            .execute(&mut *connection)
            .await?;
        connection.keep();
        Ok(())
    }
}

/// The event in a row; none in a row that only says that the lease is held.
fn unpublished(row: &PgRow) -> Result<Option<Unpublished>, sqlx::Error> {
    let Some(id) = row.try_get("id")? else {
        return Ok(None);
    };
    let topic: &str = row.try_get("topic")?;
    let traceparent: Option<&str> = row.try_get("traceparent")?;
    let event = NewEvent {
        topic: topic
            .parse()
            .map_err(|error: UnknownTopic| sqlx::Error::Decode(error.into()))?,
        room_id: RoomId(row.try_get("room_id")?),
        event_id: row.try_get("event_id")?,
        payload: row.try_get::<Vec<u8>, _>("payload")?.into(),
        replayed: false,
        version: None,
        traceparent: traceparent.and_then(|text| text.parse().ok()),
    };
    Ok(Some(Unpublished { id, event }))
}

#[async_trait]
impl Outbox for PostgresOutbox {
    async fn renew_lease(&self, holder: Uuid, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        let renew = sqlx::query_scalar(
            "INSERT INTO relay_lease AS held (holder, epoch, expires_at)
             VALUES ($1::uuid, 1, clock_timestamp() + $2 * interval '1 millisecond')
             ON CONFLICT (id) DO UPDATE SET
                 holder = excluded.holder,
                 expires_at = excluded.expires_at,
                 epoch = held.epoch + CASE WHEN held.holder = excluded.holder THEN 0 ELSE 1 END
             WHERE held.holder = excluded.holder OR held.expires_at <= clock_timestamp()
                -- No lease is that long: the server's clock was ahead, and was set right.
                OR held.expires_at > clock_timestamp()
                    + 2 * greatest($2 * interval '1 millisecond', interval '3 seconds')
             RETURNING epoch",
        )
        .bind(holder.to_string())
        .bind(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX))
        .fetch_optional(&self.pool);
        let epoch: Option<i64> = bounded(&self.pool, renew).await??;
        Ok(epoch.map(|epoch| Lease { holder, epoch }))
    }

    async fn release_lease(&self, lease: Lease) -> Result<(), StoreError> {
        let release = sqlx::query(
            "UPDATE relay_lease SET expires_at = clock_timestamp() WHERE holder = $1::uuid AND epoch = $2",
        )
        .bind(lease.holder.to_string())
        .bind(lease.epoch)
        .execute(&self.pool);
        bounded(&self.pool, release).await??;
        Ok(())
    }

    async fn unpublished(
        &self,
        lease: Lease,
        published: &[i64],
        limit: u32,
        without: &[RoomId],
    ) -> Result<Option<Vec<Unpublished>>, StoreError> {
        let mut low_watermark = self.low_watermark.lock().await;
        let ask = async {
            let mut connection = self.relaxed.take().await?;
            if low_watermark.is_due() {
                low_watermark.raise(&mut connection).await?;
            }
            let rows = sqlx::query(REMOVE_AND_READ)
                .bind(lease.holder.to_string())
                .bind(lease.epoch)
                .bind(i64::from(limit))
                .bind(without.iter().map(|room| room.0).collect::<Vec<_>>())
                .bind(published)
                .bind(low_watermark.incarnation())
                .fetch_all(&mut *connection)
                .await?;
            connection.keep();
            Ok::<_, sqlx::Error>(rows)
        };
        let rows: Vec<PgRow> = bounded(&self.pool, ask).await??;
        let Some(first) = rows.first().filter(|row| row.get("held")) else {
            *self.held_at() = None;
            return Ok(None);
        };
        *self.held_at() = Some(Instant::now());
        let ids = rows.iter().filter_map(|row| row.get("id"));
        low_watermark.read(first.get("place"), ids);
        let unpublished = rows.iter().filter_map(|row| unpublished(row).transpose());
        Ok(Some(unpublished.collect::<Result<_, _>>()?))
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let count = sqlx::query_as(
            "WITH floor AS (SELECT coalesce((SELECT floor FROM relay_lease
                 WHERE floor_of = outbox_place()), 0) AS id)
             SELECT (SELECT count(*) FROM (
                     SELECT FROM outbox WHERE id >= (SELECT id FROM floor) ORDER BY id LIMIT $1) AS counted),
                 coalesce((SELECT extract(epoch FROM clock_timestamp() - recorded_at) * 1000 FROM outbox
                     WHERE id >= (SELECT id FROM floor) ORDER BY id LIMIT 1), 0)::bigint",
        )
        .bind(COUNTED)
        .fetch_one(&self.pool);
        let (depth, age): (i64, i64) = bounded(&self.pool, count).await??;
        Ok(Backlog {
            depth,
            age: Duration::from_millis(age.try_into().unwrap_or(0)),
        })
    }

    async fn notified(&self) {
        self.relay.notified().await;
    }
}
