//! The low watermark, where a read of the outbox begins: behind rows that are gone, and never behind one still to come.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use colloquy_chassis::Lifecycle;
use colloquy_chat_command::outbox::{Lease, Outbox as _, PostgresOutbox};
use colloquy_contracts::RoomId;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use crate::databases::Database;

/// Rows of one quick writer, and what one turn takes.
const MANY: u32 = 1_000;

/// The outbox of a relay that has the lease, in a process with so many connections.
struct Relay {
    pool: PgPool,
    outbox: PostgresOutbox,
    lease: Lease,
}

impl Relay {
    async fn on(database: &Database, connections: u32) -> Self {
        let pool = database.connections(connections);
        let outbox = PostgresOutbox::start(pool.clone(), &Lifecycle::default().tasks());
        let lease = outbox.renew_lease(Uuid::new_v4(), Duration::from_secs(600));
        let lease = lease.await.unwrap().unwrap();
        Self {
            pool,
            outbox,
            lease,
        }
    }

    /// Publishes what a turn takes, and answers the ids.
    async fn turn(&self, without: &[RoomId]) -> Vec<i64> {
        let take = async |published, limit| {
            let taken = self
                .outbox
                .unpublished(self.lease, published, limit, without);
            taken.await.unwrap().expect("the lease is held")
        };
        let ids: Vec<_> = take(&[], MANY).await.iter().map(|row| row.id).collect();
        take(&ids, 0).await;
        ids
    }

    async fn low_watermark(&self) -> i64 {
        sqlx::query_scalar("SELECT floor FROM relay_lease")
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// From now on the statistics of each statement that deletes from the outbox count at its end.
    async fn count_at_once(&self) {
        sqlx::raw_sql(
            "CREATE FUNCTION count_at_once() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_stat_force_next_flush(); RETURN NULL; END $$;
             CREATE TRIGGER count_at_once AFTER DELETE ON outbox EXECUTE FUNCTION count_at_once()",
        )
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// How many entries of the index the relay has walked over.
    async fn entries_read(&self) -> i64 {
        let read =
            "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'outbox_pkey'";
        sqlx::query_scalar(read)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }
}

/// Events of rooms 0 to 2, and their ids.
async fn insert(connection: &mut PgConnection, count: u32) -> Vec<i64> {
    sqlx::query_scalar(
        "INSERT INTO outbox (topic, room_id, event_id, payload)
         SELECT 'chat-message-sent', n % 3, n::text, '' FROM generate_series(1, $1) AS n RETURNING id",
    )
    .bind(i64::from(count))
    .fetch_all(connection)
    .await
    .unwrap()
}

#[tokio::test]
async fn decision_5_a_turn_under_an_open_snapshot_does_not_read_over_all_that_was_published() {
    let database = Database::fresh().await;
    let relay = Relay::on(&database, 1).await;
    relay.count_at_once().await;
    let begin =
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL idle_in_transaction_session_timeout = 0";
    let mut snapshot = database.pool.begin_with(begin).await.unwrap();
    sqlx::query("SELECT FROM rooms")
        .execute(&mut *snapshot)
        .await
        .unwrap();
    let mut writer = database.pool.acquire().await.unwrap();
    let mut last_turn = 0;
    for turn in 0..20 {
        insert(&mut writer, MANY).await;
        let before = relay.entries_read().await;
        assert_eq!(relay.turn(&[]).await.len(), 1_000, "{turn}");
        last_turn = relay.entries_read().await - before;
    }
    // Some are of the deletion, and of what was published since the floor was raised: 20 000 were published.
    assert!(last_turn < 8_000, "{last_turn}");
    snapshot.commit().await.unwrap();
}

/// Writers that come and go, one step at a time.
struct Writers {
    pool: PgPool,
    open: BTreeMap<i64, Transaction<'static, Postgres>>,
    committed: BTreeSet<i64>,
}

impl Writers {
    async fn begin(&mut self) {
        let patient = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0";
        let mut slow = self.pool.begin_with(patient).await.unwrap();
        let id = insert(&mut slow, 1).await[0];
        self.open.insert(id, slow);
    }

    async fn write_many(&mut self) {
        let mut quick = self.pool.begin().await.unwrap();
        let ids = insert(&mut quick, MANY).await;
        quick.commit().await.unwrap();
        self.committed.extend(ids);
    }

    async fn end(&mut self, which: usize, commits: bool) {
        let Some(id) = self
            .open
            .keys()
            .nth(which % self.open.len().max(1))
            .copied()
        else {
            return;
        };
        let slow = self.open.remove(&id).unwrap();
        if commits {
            slow.commit().await.unwrap();
            self.committed.insert(id);
        } else {
            slow.rollback().await.unwrap();
        }
    }
}

#[tokio::test]
async fn f08_however_late_a_low_id_commits_it_is_published() {
    for seed in 1..=6 {
        let database = Database::fresh().await;
        let relay = Relay::on(&database, 2).await;
        let mut writers = Writers {
            pool: database.connections(12),
            open: BTreeMap::new(),
            committed: BTreeSet::new(),
        };
        let mut published = BTreeSet::new();
        let mut raised = BTreeSet::new();
        let mut random = seed;
        for _ in 0..150 {
            random = (random * 1_103_515_245 + 12_345) % (1 << 31);
            let dice = random >> 16;
            match dice % 8 {
                0 if writers.open.len() < 5 => writers.begin().await,
                1 | 2 => writers.write_many().await,
                3 | 4 => writers.end(dice / 8, dice % 3 > 0).await,
                5 => published.extend(relay.turn(&[RoomId(1)]).await),
                _ => published.extend(relay.turn(&[]).await),
            }
            let floor = relay.low_watermark().await;
            raised.insert(floor);
            let waiting = writers.committed.difference(&published);
            let lowest = waiting.chain(writers.open.keys()).min();
            assert!(
                lowest.is_none_or(|id| floor <= *id),
                "{seed}: {floor} {lowest:?}"
            );
        }
        assert!(raised.len() > 3, "{seed}: {raised:?}");
        while !writers.open.is_empty() {
            writers.end(0, true).await;
        }
        published.extend(self::published(&relay).await);
        assert_eq!(published, writers.committed, "{seed}");
    }
}

/// Everything that is there to be published, each id once.
async fn published(relay: &Relay) -> BTreeSet<i64> {
    let mut published = BTreeSet::new();
    loop {
        let ids = relay.turn(&[]).await;
        if ids.is_empty() {
            return published;
        }
        published.extend(ids);
    }
}

#[tokio::test]
async fn f08_the_floor_of_another_server_counts_for_nothing() {
    let database = Database::fresh().await;
    let relay = Relay::on(&database, 1).await;
    sqlx::query("UPDATE relay_lease SET floor = 1000000, floor_of = 'another'")
        .execute(&database.pool)
        .await
        .unwrap();
    let mut writer = database.pool.acquire().await.unwrap();
    let written = insert(&mut writer, 10).await;
    assert_eq!(published(&relay).await, written.into_iter().collect());
}

/// The restored one draws the same ids for what was never published.
#[tokio::test]
async fn f08_nothing_is_removed_from_an_outbox_that_was_restored_since_it_was_read() {
    let database = Database::fresh().await;
    let relay = Relay::on(&database, 1).await;
    let take = async |published| {
        let taken = relay.outbox.unpublished(relay.lease, published, MANY, &[]);
        let taken = taken.await.unwrap().expect("the lease is held");
        taken.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let mut writer = database.pool.acquire().await.unwrap();
    let published = insert(&mut writer, 3).await;
    assert_eq!(take(&[]).await, published);
    restore_an_empty_outbox(&mut writer).await;
    assert_eq!(insert(&mut writer, 3).await, published);
    assert_eq!(take(&published).await, published);
    assert_eq!(take(&[]).await, published, "they are still there");
}

async fn restore_an_empty_outbox(connection: &mut PgConnection) {
    sqlx::raw_sql(
        "BEGIN; CREATE TABLE earlier (LIKE outbox INCLUDING ALL); DROP TABLE outbox;
         ALTER TABLE earlier RENAME TO outbox; COMMIT",
    )
    .execute(connection)
    .await
    .unwrap();
}

#[tokio::test]
async fn f08_an_outbox_that_was_restored_is_read_from_its_beginning() {
    let database = Database::fresh().await;
    let relay = Relay::on(&database, 1).await;
    let mut writer = database.pool.acquire().await.unwrap();
    for _ in 0..5 {
        insert(&mut writer, MANY).await;
        assert_eq!(relay.turn(&[]).await.len(), 1_000);
    }
    assert!(relay.low_watermark().await > 1_000);
    restore_an_empty_outbox(&mut writer).await;
    // Fewer than were read before, so that the highest id of then is still to come.
    for _ in 0..4 {
        let written: BTreeSet<_> = insert(&mut writer, MANY).await.into_iter().collect();
        assert_eq!(published(&relay).await, written);
    }
}
