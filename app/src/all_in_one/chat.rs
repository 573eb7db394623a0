//! The chat of an all-in-one system: the write side, the read side and the push side, which meet in the event log.

use std::sync::Arc;

use colloquy_chassis::{Clock, Tasks, origins::Origins, readiness::Readiness};
use colloquy_chat_command::{ChatCommand, Membership};
use colloquy_chat_query::{ChatQuery, ViewMembership};
use colloquy_credentials::session_verifier::SessionVerifier;
use colloquy_customer::Customers;
use colloquy_service_api::{MembershipCheck, RevocationList};
use colloquy_websocket::{Access, Websocket};

use crate::{
    embedded::ChatStores,
    settings::{Settings, services},
};

/// What they are made of.
pub struct Foundation<'a> {
    pub settings: &'a Settings,
    pub stores: ChatStores,
    pub customers: Arc<Customers>,
    pub verifier: SessionVerifier,
    pub revocations: RevocationList,
    pub origins: Origins,
    pub readiness: &'a Readiness,
    pub clock: Arc<dyn Clock>,
    pub tasks: Tasks,
}

/// The services that clients reach.
pub struct Chat {
    pub commands: Arc<ChatCommand>,
    pub queries: Arc<ChatQuery>,
    pub websocket: Arc<Websocket>,
}

/// Starts them.
///
/// # Errors
/// A setting cannot be used.
pub fn start(foundation: Foundation<'_>) -> anyhow::Result<Chat> {
    let Foundation {
        settings,
        stores,
        customers,
        verifier,
        revocations,
        origins,
        readiness,
        clock,
        tasks,
    } = foundation;
    let truth = Arc::new(Membership::new(Arc::clone(&stores.writes)));
    let view = Arc::new(ViewMembership(Arc::clone(&stores.views)));
    let membership = MembershipCheck::new(view.clone(), truth);

    let commands = ChatCommand::start(
        stores.writes,
        customers,
        Arc::clone(&clock),
        services::chat(settings),
        &tasks,
    );
    let reading = colloquy_chat_query::Dependencies {
        store: stores.views,
        log: Arc::clone(&stores.log),
        expiring_store: Arc::clone(&stores.expiring),
        membership: membership.clone(),
        clock: Arc::clone(&clock),
    };
    let queries = ChatQuery::start(reading, &tasks, readiness.gate("projector"));
    let pushing = colloquy_websocket::Foundation {
        log: stores.log,
        expiring_store: stores.expiring,
        rooms: view,
        access: Access {
            verifier,
            revocations,
            membership,
            origins,
        },
        clock,
    };
    let following = readiness.gate("websocket");
    let websocket = Websocket::start(pushing, services::stomp(settings)?, following, &tasks);
    Ok(Chat {
        commands,
        queries,
        websocket,
    })
}
