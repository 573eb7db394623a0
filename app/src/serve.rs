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

use colloquy_chassis::{ServiceName, lifecycle::Termination, readiness::Readiness};

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
    let termination = Termination::listen();
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
    until_ended(root, &termination, &readiness).await
}

/// Runs a root to its end, or until a signal that comes before the service is served, when nothing has begun that would have
/// to be ended first. Process 1 of a container hears no signal that it does not listen to.
async fn until_ended(
    root: Running,
    termination: &Termination,
    readiness: &Readiness,
) -> anyhow::Result<()> {
    let end_of_start = async {
        termination.next().await;
        // The process itself has heard it as well.
        if !readiness.waiting_for().contains(&SERVING) {
            pending::<()>().await;
        }
    };
    tokio::select! {
        outcome = root => outcome,
        () = end_of_start => Ok(()),
    }
}

/// Composition roots differ in size; boxed, the smallest does not pay for the largest.
type Running = std::pin::Pin<Box<dyn Future<Output = anyhow::Result<()>>>>;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use rustix::process::{Signal, getpid, kill_process};
    use tokio::{runtime::Handle, task::block_in_place, time::timeout};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_signal_in_the_moment_between_the_start_and_serving_ends_the_service() {
        let anywhere = "127.0.0.1:0".parse().ok();
        let options = Serve {
            service: ServiceName::Otp,
            listen: anywhere,
            admin: anywhere,
            config: None,
        };
        let termination = Termination::listen();
        let settings = Settings::load(None).unwrap();
        let process = Process::begin(&options, settings).await.unwrap();
        let (readiness, heard) = (process.readiness.clone(), Termination::listen());
        let root: Running = Box::pin(async move {
            kill_process(getpid(), Signal::TERM).unwrap();
            // The signal has come before anything else is polled.
            block_in_place(|| Handle::current().block_on(heard.next()));
            process.serve_public(Router::new()).await
        });
        let ended = until_ended(root, &termination, &readiness);
        timeout(Duration::from_secs(10), ended)
            .await
            .unwrap()
            .unwrap();
    }
}
