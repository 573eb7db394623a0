//! One service in a process, on the real parts. Each service has a composition root of its own.

mod api_gateway;
mod auth;
mod chat_command;
mod chat_query;
mod customer;
mod mail;
mod otp;
mod websocket;

use std::future::pending;

use colloquy_chassis::{ServiceName, lifecycle::termination, readiness::Readiness};

use crate::{
    cli::Serve,
    process::{Process, SERVING},
    settings::Settings,
};

/// Runs one service until a signal ends it.
///
/// # Errors
/// It cannot start, or a vital task died.
pub async fn run(options: &Serve, settings: Settings) -> anyhow::Result<()> {
    settings.refuse_example_secrets()?;
    let process = Process::begin(options, settings).await?;
    let readiness = process.readiness.clone();
    let root: Running = match options.service {
        ServiceName::ApiGateway => Box::pin(api_gateway::run(process)),
        ServiceName::Websocket => Box::pin(websocket::run(process)),
        ServiceName::Auth => Box::pin(auth::run(process)),
        ServiceName::Customer => Box::pin(customer::run(process)),
        ServiceName::ChatCommand => Box::pin(chat_command::run(process)),
        ServiceName::ChatQuery => Box::pin(chat_query::run(process)),
        ServiceName::Otp => Box::pin(otp::run(process)),
        ServiceName::Mail => Box::pin(mail::run(process)),
    };
    tokio::select! {
        outcome = root => outcome,
        () = end_of_start(&readiness) => Ok(()),
    }
}

/// Resolves on a signal that comes before the service is served, when nothing has begun that would have to be ended first.
/// Process 1 of a container hears no signal that it does not listen to.
async fn end_of_start(readiness: &Readiness) {
    termination().await;
    if !readiness.waiting_for().contains(&SERVING) {
        pending::<()>().await;
    }
}

/// Composition roots differ in size; boxed, the smallest does not pay for the largest.
type Running = std::pin::Pin<Box<dyn Future<Output = anyhow::Result<()>>>>;
