//! Auth as a process.

use std::sync::Arc;

use colloquy_auth::{SqlLoginThrottleStore, session_store::postgres::PostgresSessionStore};
use colloquy_chassis::ServiceName;
use colloquy_sql::{StoreError, connections, postgres};

use crate::{
    process::Process,
    settings::{services, stores::Section},
    waiting::wait_for,
};

const CONNECTIONS: u32 = 8;

pub async fn run(process: Process) -> anyhow::Result<()> {
    let pool = postgres::pool(process.settings.store(Section::Sessions)?, CONNECTIONS)?;
    connections::show(&pool, "postgres", "both", &process.figures);
    let (sessions, throttle) = wait_for(
        "postgres",
        &Section::Sessions.names(),
        &process.readiness,
        async || {
            let sessions = PostgresSessionStore::open(pool.clone()).await?;
            let throttle = SqlLoginThrottleStore::open(pool.clone()).await?;
            Ok::<_, StoreError>((sessions, throttle))
        },
    )
    .await?;
    sessions.start_listening(&process.lifecycle.tasks());
    let credentials = process.client(ServiceName::Customer)?;
    let auth = services::auth(
        &process.settings,
        &process.keys,
        credentials,
        Arc::new(sessions),
        Arc::new(throttle),
        &process.clock,
    )?;
    auth.start_sweeping(&process.lifecycle.tasks());
    process.serve_internal(colloquy_auth::router(auth)).await
}
