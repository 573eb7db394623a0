//! What all connections of a node share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use colloquy_chassis::{Clock, Tasks, figures::Figures, origins::Origins, readiness::Gate};
use colloquy_credentials::session_verifier::{Session as Token, SessionVerifier};
use colloquy_event_log::EventLog;
use colloquy_expiring_store::ExpiringStore;
use colloquy_service_api::{
    MembershipCheck, RevocationList, RoomsOfCustomer, revocation_list::SessionKey,
};
use http::HeaderMap;
use tokio::sync::watch;

use crate::{
    Settings,
    addresses::Addresses,
    close_reason::CloseReason,
    connections::Connections,
    fanout::{consumer, registry::Registry},
    meters,
    presence::{Presence, notifier},
    session::Refusal,
    sessions::Sessions,
};

/// One node of the push side.
pub struct Websocket {
    pub(crate) settings: Settings,
    pub(crate) origins: Origins,
    pub(crate) verifier: SessionVerifier,
    pub(crate) revocations: RevocationList,
    pub(crate) membership: MembershipCheck,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tasks: Tasks,
    pub(crate) registry: Registry,
    pub(crate) presence: Arc<Presence>,
    pub(crate) sessions: Sessions,
    pub(crate) connections: Arc<Connections>,
    pub(crate) addresses: Arc<Addresses>,
    following: AtomicBool,
}

/// What decides on access: tokens, rooms and pages.
pub struct Access {
    /// Verifies the tokens of cookies and CONNECT headers.
    pub verifier: SessionVerifier,
    /// Knows which of them have ended before their time.
    pub revocations: RevocationList,
    /// Decides who may use which room.
    pub membership: MembershipCheck,
    /// Pages that may open sockets.
    pub origins: Origins,
}

/// What a node needs of others.
pub struct Dependencies {
    /// The log that the node follows.
    pub log: Arc<dyn EventLog>,
    /// Holds who is online and who is typing, for a time.
    pub expiring_store: Arc<dyn ExpiringStore>,
    /// Knows the rooms of a customer.
    pub rooms: Arc<dyn RoomsOfCustomer>,
    /// Decides on access.
    pub access: Access,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
}

impl Websocket {
    /// Starts following the log. `gate` opens once every event from then on is read; until then no client is admitted. An
    /// expiring store that is away is not waited for: without it clients do not learn who is online and who is typing.
    #[must_use]
    pub fn start(
        dependencies: Dependencies,
        settings: Settings,
        gate: Gate,
        tasks: &Tasks,
    ) -> Arc<Self> {
        meters::describe();
        let log = Arc::clone(&dependencies.log);
        let websocket = Arc::new(Self::new(dependencies, settings, tasks));
        let following = Arc::clone(&websocket);
        let revoked = websocket.revocations.changes();
        tasks.spawn_vital("websocket fan-out", async move {
            let follow = async {
                following.presence.watch_attempted().await;
                consumer::follow(&following, log.as_ref(), &gate).await;
            };
            tokio::select! {
                () = follow => {}
                () = following.end_revoked_sessions(revoked) => {}
                () = following.close_when_stopping() => {}
            }
        });
        let notifying = Arc::clone(&websocket);
        tasks.spawn_vital("presence of others", async move {
            tokio::select! {
                () = notifier::run(&notifying.presence, &notifying.registry) => {}
                () = notifying.tasks.stopping() => {}
            }
        });
        let publishing = Arc::clone(&websocket);
        tasks.spawn_vital("presence of our own", async move {
            publishing.presence.publisher.run(&publishing.tasks).await;
        });
        websocket
    }

    pub(crate) fn new(dependencies: Dependencies, settings: Settings, tasks: &Tasks) -> Self {
        let Dependencies {
            expiring_store,
            rooms,
            access,
            clock,
            ..
        } = dependencies;
        let presence = Presence::new(expiring_store, rooms, settings.presence);
        let proxies = settings.trusted_proxies.clone();
        let addresses = Addresses::new(settings.connections_per_address, proxies);
        Self {
            settings,
            origins: access.origins,
            verifier: access.verifier,
            revocations: access.revocations,
            membership: access.membership,
            clock,
            tasks: tasks.clone(),
            registry: Registry::default(),
            presence: Arc::new(presence),
            sessions: Sessions::default(),
            connections: Arc::default(),
            addresses,
            following: AtomicBool::new(false),
        }
    }

    /// Shows operators what waits to be written to the clients, whenever they ask.
    pub fn show(&self, figures: &Figures) {
        let connections = Arc::clone(&self.connections);
        figures.look_up(move || meters::set_waiting(connections.waiting()));
    }

    /// How many sockets are open on this node.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.connections.count()
    }

    /// Whether nothing is left of any session: no socket, no session, no subscription, no presence.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.connections.count() == 0
            && self.sessions.customers() == 0
            && self.registry.channels() == 0
            && self.presence.is_idle()
    }

    /// Whether a client that is admitted now gets everything from now on (readiness, decision 16).
    pub(crate) fn is_following(&self) -> bool {
        self.following.load(Ordering::Acquire) && !self.tasks.is_stopping()
    }

    /// The verified token of a request's cookie: of several the first that has not ended, as far as is known.
    pub(crate) fn cookie(&self, headers: &HeaderMap) -> Option<Box<Token>> {
        let tokens = self.verifier.sessions(headers);
        let token = tokens.min_by_key(|token| self.revocations.lists(SessionKey::from(token)))?;
        Some(Box::new(token))
    }

    pub(crate) fn set_following(&self, following: bool) {
        self.following.store(following, Ordering::Release);
    }

    async fn end_revoked_sessions(&self, mut changes: watch::Receiver<()>) {
        while changes.changed().await.is_ok() {
            self.sessions
                .end_where(&Refusal::Revoked, |session| self.revocations.lists(session));
        }
    }

    async fn close_when_stopping(&self) {
        self.tasks.stopping().await;
        self.connections
            .end_all_within(self.settings.closing_spread, CloseReason::GoingAway)
            .await;
    }
}
