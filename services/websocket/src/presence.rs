//! Who is online and who is typing (contract §5, decision 19): this node publishes the presence of its own sessions, and
//! notifies its subscribers of the presence of all customers.
//!
//! A customer is online, or typing in a room, while a set of the expiring store has members ([`PresenceKey`]). The
//! members are nodes: a node is in the set while one of its sessions claims the key, and renews itself there, which is
//! its heartbeat ([`publisher`]). The store notifies every node when a set fills and empties, in the order of its changes
//! ([`notifier`]). So a customer with two sessions on two nodes does not flap, and of a node that dies nothing is left
//! but members that expire.
//!
//! What a node publishes of one key ([`local_presence`]):
//!
//! | The key is | since | next |
//! |---|---|---|
//! | absent | no session claims it, and the store does not have the node in the set | a claim makes it due |
//! | due | a claim, a release by the last session, a renewal, the end of the last claim, or a failed call | a call: join if a session claims it, else leave |
//! | under way | the call was taken | after a join it is joined, after a leave absent, after a failure due; what changed meanwhile makes it due |
//! | joined | the join succeeded | due after [`Times::renew`], or when the last claim ends |
//!
//! What a node announces to its subscribers ([`notifier`]):
//!
//! | Notice | announced last: offline or nothing | announced last: online (or typing) |
//! |---|---|---|
//! | occupied | online | nothing, but the store may have lost sets: all states are read soon |
//! | emptied, expired | offline, if nothing was announced before; of typing nothing | offline |
//! | missed | all states are read soon, and changes announced | likewise |

pub mod local_presence;
pub mod notifier;
pub mod presence_key;
pub mod publisher;
pub mod rooms;
pub mod typists;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use colloquy_contracts::{CustomerId, RoomId};
use colloquy_expiring_store::ExpiringStore;
use colloquy_service_api::RoomsOfCustomer;
use tokio::{sync::watch, time::Instant};

use self::{
    presence_key::PresenceKey, publisher::PresencePublisher, rooms::WatchedRooms, typists::Typists,
};

/// How long states last, and how often they are renewed.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// A customer is online for this long without another heartbeat of their node.
    pub online: Duration,
    /// How often a node renews the customers who are online: all that have an open connection. The connection of a client
    /// that has vanished is open until its silence is noticed or, over plain HTTP, until it has not polled in time.
    pub renew: Duration,
    /// A customer is typing for this long after the last frame that says so.
    pub typing: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            online: Duration::from_secs(120),
            renew: Duration::from_secs(20),
            typing: Duration::from_secs(2),
        }
    }
}

/// The presence of this node's sessions, and the rooms whose subscribers are notified of the presence of others.
pub struct Presence {
    pub(crate) publisher: PresencePublisher,
    pub(crate) rooms: WatchedRooms,
    pub(crate) typists: Typists,
    times: Times,
    sessions: AtomicU64,
    watch_attempted: watch::Sender<bool>,
}

/// The presence of one session: its customer is online until this is dropped, and typing where the client says so.
pub struct PresenceGuard {
    presence: Arc<Presence>,
    customer: CustomerId,
    session: u64,
    typing_in: Vec<RoomId>,
}

impl Presence {
    /// A node without sessions.
    #[must_use]
    pub fn new(
        store: Arc<dyn ExpiringStore>,
        rooms: Arc<dyn RoomsOfCustomer>,
        times: Times,
    ) -> Self {
        Self {
            publisher: PresencePublisher::new(store, times),
            rooms: WatchedRooms::new(rooms),
            typists: Typists::default(),
            times,
            sessions: AtomicU64::new(0),
            watch_attempted: watch::Sender::new(false),
        }
    }

    /// Resolves when the watch has begun and receives every notice from then on, or the store is away.
    pub async fn watch_attempted(&self) {
        let mut attempted = self.watch_attempted.subscribe();
        // An error would mean that the sender is gone, which we hold.
        let _ = attempted.wait_for(|attempted| *attempted).await;
    }

    /// Whether nothing of any session is left here.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.publisher.is_idle() && self.rooms.is_empty()
    }

    /// The customer of a new session comes online.
    #[must_use]
    pub fn begin_session(self: &Arc<Self>, customer: CustomerId) -> PresenceGuard {
        let session = self.sessions.fetch_add(1, Ordering::Relaxed);
        self.publisher.update(|local, now| {
            local.claim(PresenceKey::Online(customer), session, None, now);
        });
        PresenceGuard {
            presence: Arc::clone(self),
            customer,
            session,
            typing_in: Vec::new(),
        }
    }
}

impl PresenceGuard {
    /// The client says that it is there.
    pub fn extend(&self) {
        let key = PresenceKey::Online(self.customer);
        let publisher = &self.presence.publisher;
        publisher.update(|local, now| local.renew(key, now));
    }

    /// The client says that its customer is typing in a room, or no longer.
    pub fn set_typing(&mut self, room: RoomId, is_typing: bool) {
        let (publisher, session) = (&self.presence.publisher, self.session);
        let key = PresenceKey::Typing(room, self.customer);
        let index = self.typing_in.iter().position(|typing| *typing == room);
        if is_typing {
            let until = Some(Instant::now() + self.presence.times.typing);
            publisher.update(|local, now| local.claim(key, session, until, now));
            if index.is_none() {
                self.typing_in.push(room);
            }
        } else if let Some(index) = index {
            publisher.update(|local, now| local.release(key, session, now));
            self.typing_in.swap_remove(index);
        }
    }
}

impl Drop for PresenceGuard {
    fn drop(&mut self) {
        let typing = self.typing_in.iter();
        let typing = typing.map(|room| PresenceKey::Typing(*room, self.customer));
        self.presence.publisher.update(|local, now| {
            for key in typing.chain([PresenceKey::Online(self.customer)]) {
                local.release(key, self.session, now);
            }
        });
    }
}
