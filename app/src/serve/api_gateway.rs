//! The API gateway as a process.

use std::sync::Arc;

use colloquy_api_gateway::{Gateway, Upstream, upstream::FORWARD};
use colloquy_chassis::ServiceName;
use colloquy_credentials::session_verifier::SessionVerifier;
use colloquy_service_api::HttpTransport;
use colloquy_web_page::PageFacts;

use crate::{documents, process::Process};

pub async fn run(process: Process) -> anyhow::Result<()> {
    let verifier = SessionVerifier::load(
        &process.keys,
        &process.settings.sessions.algorithms,
        Arc::clone(&process.clock),
    )?;
    let mut upstreams = Vec::new();
    for service in [
        ServiceName::Auth,
        ServiceName::Customer,
        ServiceName::ChatCommand,
        ServiceName::ChatQuery,
    ] {
        let addresses = process.settings.peers(service)?;
        let upstream = HttpTransport::new(service, addresses, process.signer()?, FORWARD)?;
        upstreams.push((service, Arc::new(upstream) as Arc<dyn Upstream>));
    }
    let gateway = Gateway::new(
        verifier,
        process.revocations()?,
        process.settings.trusted_proxies()?,
        upstreams,
    );
    let router = colloquy_api_gateway::router(gateway, process.origins())
        .merge(documents::router())
        .merge(colloquy_web_page::router(PageFacts {
            password_min_length: process.settings.accounts.password_length[0],
            flow: process.shows_flow(),
            ..PageFacts::default()
        }));
    process.serve_public(router).await
}
