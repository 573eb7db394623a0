//! The read side as a process.

use std::sync::Arc;

use colloquy_chassis::ServiceName;
use colloquy_chat_query::{ChatQuery, Dependencies, MongoViewStore, ViewMembership, ViewStore};
use colloquy_service_api::MembershipCheck;

use crate::{process::Process, settings::stores::Section, waiting::unless_refused};

pub async fn run(process: Process) -> anyhow::Result<()> {
    let tasks = process.lifecycle.tasks();
    let address = process.settings.store(Section::ViewStore)?;
    let views = MongoViewStore::new(address, &process.settings.view_store.database).await?;
    unless_refused(views.reach().await, &Section::ViewStore.names())?;
    views.show_connections(&process.figures);
    let views: Arc<dyn ViewStore> = Arc::new(views);
    let log = process.event_log().await?;
    let dependencies = Dependencies {
        log: Arc::clone(&log) as _,
        expiring_store: process.redis()?,
        membership: MembershipCheck::new(
            Arc::new(ViewMembership(Arc::clone(&views))),
            process.client(ServiceName::ChatCommand)?,
        ),
        store: views,
        clock: Arc::clone(&process.clock),
    };
    let service = ChatQuery::start(dependencies, &tasks, process.readiness.gate("projector"));
    service.show(log, &process.figures);
    process
        .serve_internal(colloquy_chat_query::router(service))
        .await
}
