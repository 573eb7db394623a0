//! Who is online and who is typing (contract §5, decision 19): what this node's sessions show of their customers, and what
//! its subscribers are told of everybody's.
//!
//! Somebody is online, or typing in a room, while a set of the expiring store is occupied. A node is in such a set while
//! any of its own sessions wants it to be ([`keeper`]), and the store tells every node when a set fills and empties, in
//! the order in which that happened ([`telling`]). So two sessions on two nodes make one customer who does not flap, and
//! a node that dies leaves nothing behind but members whose time runs out.

pub mod claims;
pub mod keeper;
pub mod rooms;
pub mod sign;
pub mod telling;
mod told;
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

use self::{keeper::Keeper, rooms::WatchedRooms, sign::Sign, typists::Typists};

/// For how long the store is told things.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Who is online is so for this long without another word from their node.
    pub online: Duration,
    /// How often a node renews who is online: everybody with an open connection. A client that has vanished has one until
    /// its silence is noticed or, over plain HTTP, until it has not asked for its next answer.
    pub renew: Duration,
    /// Who is typing is so for this long after they said so last.
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

/// The presence of this node's sessions, and the rooms in which its subscribers want to know of others'.
pub struct Presence {
    pub(crate) keeper: Keeper,
    pub(crate) rooms: WatchedRooms,
    pub(crate) typists: Typists,
    times: Times,
    sessions: AtomicU64,
    /// Whether the store was asked for its notices.
    tried: watch::Sender<bool>,
}

/// What one session shows of its customer: they are online until it is dropped, and typing where it says so.
pub struct Attendance {
    presence: Arc<Presence>,
    customer: CustomerId,
    session: u64,
    typing_in: Vec<RoomId>,
}

impl Presence {
    /// Nobody is here yet.
    #[must_use]
    pub fn new(
        store: Arc<dyn ExpiringStore>,
        rooms: Arc<dyn RoomsOfCustomer>,
        times: Times,
    ) -> Self {
        Self {
            keeper: Keeper::new(store, times),
            rooms: WatchedRooms::new(rooms),
            typists: Typists::default(),
            times,
            sessions: AtomicU64::new(0),
            tried: watch::Sender::new(false),
        }
    }

    /// Resolves when every notice from then on is heard, or the store is away.
    pub async fn tried(&self) {
        // An error would mean that the sender is gone, which we hold.
        let _ = self.tried.subscribe().wait_for(|tried| *tried).await;
    }

    /// Whether nothing of any session is left here.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.keeper.is_idle() && self.rooms.is_empty()
    }

    /// Shows that a session of this customer is here.
    #[must_use]
    pub fn attend(self: &Arc<Self>, customer: CustomerId) -> Attendance {
        let session = self.sessions.fetch_add(1, Ordering::Relaxed);
        self.keeper.claim(Sign::Online(customer), session, None);
        Attendance {
            presence: Arc::clone(self),
            customer,
            session,
            typing_in: Vec::new(),
        }
    }
}

impl Attendance {
    /// The client says that it is here.
    pub fn extend(&self) {
        self.presence.keeper.renew(Sign::Online(self.customer));
    }

    /// The client says that its customer types in a room, or no longer.
    pub fn set_typing(&mut self, room: RoomId, is_typing: bool) {
        let (keeper, sign) = (&self.presence.keeper, Sign::Typing(room, self.customer));
        let place = self.typing_in.iter().position(|typing| *typing == room);
        match (is_typing, place) {
            (true, place) => {
                let until = Instant::now() + self.presence.times.typing;
                keeper.claim(sign, self.session, Some(until));
                if place.is_none() {
                    self.typing_in.push(room);
                }
            }
            (false, Some(place)) => {
                keeper.release(sign, self.session);
                self.typing_in.swap_remove(place);
            }
            (false, None) => {}
        }
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        let keeper = &self.presence.keeper;
        for room in &self.typing_in {
            keeper.release(Sign::Typing(*room, self.customer), self.session);
        }
        keeper.release(Sign::Online(self.customer), self.session);
    }
}
