//! G9 and G11: durable sends, against the least that writes the same rows as durably on the same store. The baseline runs just
//! before each run of ours.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::client::{Client, USER1};
use sqlx::{
    Connection as _, Executor as _, PgConnection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::time::Instant;

use super::writes::{self, System};
use crate::{
    cli::{Embedded, OnPostgres, Pairs, Writes},
    measure::{Spread, machine::load_average},
    server::feed::CONTENT_OCTETS,
};

/// What came out.
#[derive(Debug)]
pub struct Figure {
    /// How often and how long both sides ran.
    pub pairs: Pairs,
    /// Sends on their way.
    pub in_flight: usize,
    /// Acknowledged sends in a second.
    pub ours: Spread,
    /// Committed transactions in a second.
    pub baseline: Spread,
    /// Ours over the baseline, pair by pair.
    pub ratio: Spread,
    /// Before and after.
    pub load_average: [String; 2],
}

/// G11, on an all-in-one process of its own.
///
/// # Errors
/// The system fails, or an acknowledged message is not in its room.
pub async fn embedded(options: &Embedded) -> Result<Figure> {
    let writes = of_writes(None, options.bin.as_deref(), &options.pairs);
    let folder = tempfile::tempdir()?;
    let mut number = 0;
    measure(64, options.pairs, &writes, async |time| {
        number += 1;
        one_row_transactions(&folder.path().join(format!("{number}.db")), time).await
    })
    .await
}

/// G9, on the distributed system that runs.
///
/// # Errors
/// As [`embedded`]; or `pgbench` fails.
pub async fn on_postgres(options: &OnPostgres) -> Result<Figure> {
    let writes = of_writes(Some(options.url.clone()), None, &options.pairs);
    measure(32, options.pairs, &writes, async |time| {
        let mut connection = PgConnection::connect(&options.postgres).await?;
        connection.execute(TABLES_ON_POSTGRES).await?;
        let rate = pgbench(options, time);
        connection
            .execute("DROP TABLE bench_messages, bench_outbox")
            .await?;
        rate
    })
    .await
}

async fn measure(
    in_flight: usize,
    pairs: Pairs,
    writes: &Writes,
    mut baseline: impl AsyncFnMut(Duration) -> Result<f64>,
) -> Result<Figure> {
    let before = load_average()?;
    let system = System::of(writes).await?;
    let sender = Client::new(system.url())?
        .login(USER1.username, USER1.password)
        .await?;
    let (mut least, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..pairs.pairs {
        least.push(baseline(Duration::from_secs(pairs.seconds)).await?);
        let row = writes::row(&system, &sender, in_flight, pairs.seconds).await?;
        ours.push(row.per_second);
    }
    let ratios = ours.iter().zip(&least).map(|(ours, least)| ours / least);
    let none = "at least one pair is needed";
    Ok(Figure {
        pairs,
        in_flight,
        ratio: Spread::of(ratios).context(none)?,
        ours: Spread::of(ours.iter().copied()).context(none)?,
        baseline: Spread::of(least.iter().copied()).context(none)?,
        load_average: [before, load_average()?],
    })
}

fn of_writes(url: Option<String>, bin: Option<&Path>, pairs: &Pairs) -> Writes {
    Writes {
        url,
        bin: bin.map(Path::to_owned),
        in_flight: Vec::new(),
        seconds: pairs.seconds,
    }
}

/// A trigger writes the second row, so that a transaction is one statement: sqlx hands each to the thread of its connection.
const TABLES_ON_SQLITE: &str =
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, content TEXT NOT NULL);
    CREATE TABLE outbox (id INTEGER PRIMARY KEY, payload TEXT NOT NULL);
    CREATE TRIGGER announce AFTER INSERT ON messages
    BEGIN INSERT INTO outbox VALUES (new.id, new.content); END";

/// Transactions in a second that commit a message and its outbox row with `synchronous=FULL`, one after the other.
async fn one_row_transactions(file: &Path, time: Duration) -> Result<f64> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    connection.execute(TABLES_ON_SQLITE).await?;
    let content = "x".repeat(CONTENT_OCTETS);
    let (begun, mut committed) = (Instant::now(), 0_u32);
    while begun.elapsed() < time {
        sqlx::query("INSERT INTO messages (content) VALUES (?)")
            .bind(&content)
            .execute(&mut connection)
            .await?;
        committed += 1;
    }
    let rate = f64::from(committed) / begun.elapsed().as_secs_f64();
    connection.close().await?;
    Ok(rate)
}

const TABLES_ON_POSTGRES: &str = "DROP TABLE IF EXISTS bench_messages, bench_outbox;
    CREATE TABLE bench_messages (id bigserial PRIMARY KEY, content text NOT NULL);
    CREATE TABLE bench_outbox (id bigint PRIMARY KEY, payload text NOT NULL)";

/// Transactions in a second by the load generator of PostgreSQL: message and outbox row in one statement.
fn pgbench(options: &OnPostgres, time: Duration) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("send.sql");
    let send = format!(
        "WITH sent AS (INSERT INTO bench_messages (content) VALUES (repeat('x', {CONTENT_OCTETS})) RETURNING id, content)
         INSERT INTO bench_outbox SELECT id, content FROM sent;\n"
    );
    std::fs::write(&script, send)?;
    let output = Command::new(&options.pgbench)
        .args(["--no-vacuum", "--client=32", "--jobs=2"])
        .arg(format!("--time={}", time.as_secs()))
        .arg("--file")
        .arg(&script)
        .arg(&options.postgres)
        .output()
        .with_context(|| format!("cannot start {}", options.pgbench.display()))?;
    let (said, why) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    ensure!(output.status.success(), "pgbench failed: {why}");
    rate_of(&said).with_context(|| format!("pgbench names no rate:\n{said}"))
}

/// The number in `tps = 5123.4 (without initial connection time)`.
fn rate_of(said: &str) -> Option<f64> {
    let (_, rest) = said.split_once("tps = ")?;
    rest.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_found_in_what_pgbench_prints() {
        let said = "latency average = 6.2 ms\ntps = 5123.4 (without initial connection time)\n";
        assert_eq!(rate_of(said), Some(5_123.4));
        assert_eq!(rate_of("latency average = 6.2 ms"), None);
    }

    #[tokio::test]
    async fn the_loop_on_sqlite_commits_both_rows() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("loop.db");
        let rate = one_row_transactions(&file, Duration::from_millis(50)).await;
        assert!(rate.unwrap() > 0.0);
        let options = SqliteConnectOptions::new().filename(&file);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let counted: (i64, i64) =
            sqlx::query_as("SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM outbox)")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        assert!(counted.0 > 0 && counted.0 == counted.1, "{counted:?}");
    }
}
