//! The chat of an all-in-one system: the write side, the read side and the push side, which meet in the event log.

use std::sync::Arc;

use colloquy_chat_command::{ChatCommand, FlowSources};
use colloquy_chat_query::{ChatQuery, ViewMembership, projector::GROUP};
use colloquy_customer::Customers;
use colloquy_websocket::{Access, Websocket};

use super::Dependencies;
use crate::{embedded::ChatStores, settings::services};

/// The services that clients reach.
pub struct Chat {
    pub commands: Arc<ChatCommand>,
    pub queries: Arc<ChatQuery>,
    pub websocket: Arc<Websocket>,
}

/// Starts the chat.
///
/// # Errors
/// A setting cannot be used.
pub(super) fn start(
    shared: &Dependencies<'_>,
    stores: ChatStores,
    customers: Arc<Customers>,
    access: Access,
    shows_flow: bool,
) -> anyhow::Result<Chat> {
    let Dependencies {
        settings,
        readiness,
        figures,
        clock,
        tasks,
        ..
    } = shared;
    let rooms = Arc::new(ViewMembership(Arc::clone(&stores.views)));
    // There is no other outbox: it is the log.
    let flow = shows_flow.then(|| FlowSources {
        outbox: None,
        log: Arc::clone(&stores.log) as _,
        group: GROUP,
    });
    let commands = ChatCommand::start(
        colloquy_chat_command::Dependencies {
            store: stores.writes,
            directory: customers,
            clock: Arc::clone(clock),
            flow,
        },
        services::chat(settings),
        tasks,
    );
    let reading = colloquy_chat_query::Dependencies {
        store: stores.views,
        log: Arc::clone(&stores.log) as _,
        expiring_store: Arc::clone(&stores.expiring),
        membership: access.membership.clone(),
        clock: Arc::clone(clock),
    };
    let queries = ChatQuery::start(reading, tasks, readiness.gate("projector"));
    queries.show(Arc::clone(&stores.log) as _, figures);
    let pushing = colloquy_websocket::Dependencies {
        log: stores.log,
        expiring_store: stores.expiring,
        rooms,
        access,
        clock: Arc::clone(clock),
    };
    let following = readiness.gate("websocket");
    let websocket = Websocket::start(pushing, services::stomp(settings)?, following, tasks);
    websocket.show(figures);
    Ok(Chat {
        commands,
        queries,
        websocket,
    })
}
