//! `colloquy migrate`: brings the tables of PostgreSQL and the topics of Kafka to this version before services start.

use std::process::ExitCode;

use colloquy_auth::{SqlLoginThrottleStore, session_store::postgres::PostgresSessionStore};
use colloquy_chassis::{answer::chain, backoff::Backoff, readiness::Readiness};
use colloquy_chat_command::write_store::postgres::migrate;
use colloquy_customer::customer_store::SqlCustomerStore;
use colloquy_event_log::{EventLogError, KafkaLog};
use colloquy_mail::mail_store::postgres::PostgresMailStore;
use colloquy_sql::{StoreError, postgres};
use sqlx::PgPool;

use crate::{
    settings::{Settings, stores::Section},
    waiting::wait_for,
};

const CONNECTIONS: u32 = 1;

/// Waits for parts that are away, as the services do. Each of them makes what is its own as well; this does it once, for
/// all.
///
/// # Errors
/// A part refuses.
pub async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    settings.refuse_example_secrets()?;
    made(settings, Section::Accounts, async |pool| {
        SqlCustomerStore::open(pool).await.map(drop)
    })
    .await?;
    made(settings, Section::Sessions, async |pool| {
        PostgresSessionStore::open(pool.clone()).await?;
        SqlLoginThrottleStore::open(pool).await.map(drop)
    })
    .await?;
    made(settings, Section::Mail, async |pool| {
        PostgresMailStore::open(pool).await.map(drop)
    })
    .await?;
    made(settings, Section::WriteStore, async |pool| {
        migrate(&pool).await
    })
    .await?;
    topics(settings).await?;
    println!("The tables and topics are those of this version.");
    Ok(ExitCode::SUCCESS)
}

/// Waits for a store, and has its tables made.
async fn made(
    settings: &Settings,
    store: Section,
    make: impl AsyncFn(PgPool) -> Result<(), StoreError>,
) -> anyhow::Result<()> {
    let pool = postgres::pool(settings.store(store)?, CONNECTIONS)?;
    let made = async || make(pool.clone()).await;
    wait_for("postgres", &store.names(), &Readiness::default(), made).await
}

async fn topics(settings: &Settings) -> anyhow::Result<()> {
    let kafka = settings.kafka()?;
    let mut backoff = Backoff::default();
    loop {
        match KafkaLog::connect(kafka.clone()).await {
            Err(error @ EventLogError::Unavailable(_)) => {
                tracing::warn!(
                    part = "kafka",
                    error = chain(&error),
                    "waiting for a part that is unavailable"
                );
                backoff.wait().await;
            }
            outcome => return Ok(outcome.map(drop)?),
        }
    }
}
