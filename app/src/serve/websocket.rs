//! A node of the push side as a process.

use std::sync::Arc;

use colloquy_chassis::{ServiceName, router::not_found, session_token::{Algorithms, SessionVerifier}};
use colloquy_service_api::MembershipCheck;
use colloquy_websocket::{Access, Websocket};

use crate::{process::Process, settings::services};

pub async fn run(process: Process) -> anyhow::Result<()> {
    let tasks = process.lifecycle.tasks();
    let access = Access {
        verifier: SessionVerifier::load(
            &process.keys,
            &Algorithms::default(),
            Arc::clone(&process.clock),
        )?,
        revocations: process.revocations()?,
        membership: MembershipCheck::new(
            process.client(ServiceName::ChatQuery)?,
            process.client(ServiceName::ChatCommand)?,
        ),
        origins: process.origins(),
    };
    let log = Arc::new(process.kafka().await?);
    let push = services::stomp(&process.settings);
    let gate = process.readiness.gate("websocket");
    let websocket = Websocket::start(log, access, Arc::clone(&process.clock), push, gate, &tasks);
    process
        .serve_public(colloquy_websocket::router(websocket).fallback(not_found))
        .await
}
