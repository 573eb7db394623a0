//! One service a process, on the real parts. Each has a composition root of its own.

mod api_gateway;
mod auth;
mod chat_command;
mod chat_query;
mod customer;
mod mail;
mod otp;
mod websocket;

use colloquy_chassis::ServiceName;

use crate::{cli::Serve, process::Process, settings::Settings};

/// Runs one service until it is told to end.
///
/// # Errors
/// It cannot start, or a vital task died.
pub async fn run(options: &Serve, settings: Settings) -> anyhow::Result<()> {
    settings.refuse_example_secrets()?;
    let root = match options.service {
        ServiceName::ApiGateway => {
            Box::pin(api_gateway::run(Process::begin(options, settings).await?)) as Running
        }
        ServiceName::Websocket => {
            Box::pin(websocket::run(Process::begin(options, settings).await?))
        }
        ServiceName::Auth => Box::pin(auth::run(Process::begin(options, settings).await?)),
        ServiceName::Customer => Box::pin(customer::run(Process::begin(options, settings).await?)),
        ServiceName::ChatCommand => {
            Box::pin(chat_command::run(Process::begin(options, settings).await?))
        }
        ServiceName::ChatQuery => {
            Box::pin(chat_query::run(Process::begin(options, settings).await?))
        }
        ServiceName::Otp => Box::pin(otp::run(Process::begin(options, settings).await?)),
        ServiceName::Mail => Box::pin(mail::run(Process::begin(options, settings).await?)),
    };
    root.await
}

/// Composition roots differ in size; boxed, the smallest does not pay for the largest.
type Running = std::pin::Pin<Box<dyn Future<Output = anyhow::Result<()>>>>;
