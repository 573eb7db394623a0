//! The write side as a process: its service, and the relay from its outbox to Kafka.

use std::sync::Arc;

use colloquy_chassis::ServiceName;
use colloquy_chat_command::{
    ChatCommand, FlowSources,
    outbox::PostgresOutbox,
    relay,
    write_store::postgres::{PostgresWriteStore, migrate},
};
use colloquy_chat_query::projector::GROUP;
use colloquy_sql::{connections, postgres};

use crate::{
    process::Process,
    settings::{services, stores::Section},
    waiting::wait_for,
};

const CONNECTIONS: u32 = 12;

pub async fn run(process: Process) -> anyhow::Result<()> {
    let tasks = process.lifecycle.tasks();
    let pool = postgres::pool(process.settings.store(Section::WriteStore)?, CONNECTIONS)?;
    connections::show(&pool, "postgres", "both", &process.figures);
    wait_for(
        "postgres",
        &Section::WriteStore.names(),
        &process.readiness,
        || migrate(&pool),
    )
    .await?;
    let log = process.event_log().await?;
    let outbox = PostgresOutbox::start(pool.clone(), &tasks);
    let store = PostgresWriteStore::new(pool, outbox.clone());
    #[cfg(feature = "planted-bugs")]
    let store = store.planted(Arc::clone(&log) as _);
    let flow = process.shows_flow().then(|| FlowSources {
        outbox: Some(Arc::new(outbox.clone())),
        log: Arc::clone(&log) as _,
        group: GROUP,
    });
    let service = ChatCommand::start(
        colloquy_chat_command::Dependencies {
            store: Arc::new(store),
            directory: process.client(ServiceName::Customer)?,
            clock: Arc::clone(&process.clock),
            flow,
        },
        services::chat(&process.settings),
        &tasks,
    );
    relay::start(Arc::new(outbox), log, service.writer_ended(), &tasks);
    process
        .serve_internal(colloquy_chat_command::router(service))
        .await
}
