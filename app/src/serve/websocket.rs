//! A node of the push side as a process.

use std::sync::Arc;

use colloquy_chassis::{ServiceName, router::not_found};
use colloquy_credentials::session_verifier::SessionVerifier;
use colloquy_service_api::MembershipCheck;
use colloquy_websocket::{Access, Dependencies, Websocket};

use crate::{process::Process, settings::services};

pub async fn run(process: Process) -> anyhow::Result<()> {
    let tasks = process.lifecycle.tasks();
    let views = process.client(ServiceName::ChatQuery)?;
    let access = Access {
        verifier: SessionVerifier::load(
            &process.keys,
            &process.settings.sessions.algorithms,
            Arc::clone(&process.clock),
        )?,
        revocations: process.revocations()?,
        membership: MembershipCheck::new(views.clone(), process.client(ServiceName::ChatCommand)?),
        origins: process.origins(),
    };
    let dependencies = Dependencies {
        log: process.event_log().await?,
        expiring_store: process.redis()?,
        rooms: views,
        access,
        clock: Arc::clone(&process.clock),
    };
    let push = services::stomp(&process.settings)?;
    let gate = process.readiness.gate("websocket");
    let websocket = Websocket::start(dependencies, push, gate, &tasks);
    websocket.show(&process.figures);
    process
        .serve_public(colloquy_websocket::router(websocket).fallback(not_found))
        .await
}
