//! `colloquy migrate`: brings the tables of PostgreSQL and the topics of Kafka to this version before services start.

use std::process::ExitCode;

use colloquy_auth::{SqlLoginThrottleStore, session_store::postgres::PostgresSessionStore};
use colloquy_chassis::{answer::chain, backoff::Backoff, readiness::Readiness};
use colloquy_chat_command::write_store::postgres::migrate;
use colloquy_customer::customer_store::SqlCustomerStore;
use colloquy_event_log::{EventLogError, KafkaLog};
use colloquy_mail::mail_store::postgres::PostgresMailStore;
use colloquy_sql::{StoreError, postgres};

use crate::{settings::Settings, waiting::wait_for};

const CONNECTIONS: u32 = 1;

/// Waits for parts that are away, as the services do. Each of them makes what is its own as well; this does it once, for
/// all.
///
/// # Errors
/// A part refuses.
pub async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    settings.refuse_example_secrets()?;
    let accounts = postgres::pool(&settings.accounts.url, CONNECTIONS)?;
    let sessions = postgres::pool(&settings.sessions.url, CONNECTIONS)?;
    let mails = postgres::pool(&settings.mail.url, CONNECTIONS)?;
    let writes = postgres::pool(&settings.write_store.url, CONNECTIONS)?;
    wait_for("postgres", &Readiness::default(), async || {
        SqlCustomerStore::open(accounts.clone()).await?;
        PostgresSessionStore::open(sessions.clone()).await?;
        SqlLoginThrottleStore::open(sessions.clone()).await?;
        PostgresMailStore::open(mails.clone()).await?;
        migrate(&writes).await?;
        Ok::<_, StoreError>(())
    })
    .await?;
    topics(settings).await?;
    println!("The tables and topics are those of this version.");
    Ok(ExitCode::SUCCESS)
}

async fn topics(settings: &Settings) -> Result<(), EventLogError> {
    let mut backoff = Backoff::default();
    loop {
        match KafkaLog::connect(settings.event_log.clone()).await {
            Err(error @ EventLogError::Unavailable(_)) => {
                tracing::warn!(
                    part = "kafka",
                    error = chain(&error),
                    "waiting for a part that is unavailable"
                );
                backoff.wait().await;
            }
            outcome => return outcome.map(drop),
        }
    }
}
