//! The sessions over plain HTTP that are open on this node, by the name that their clients chose.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use colloquy_chassis::session_token::Session as Token;
use colloquy_service_api::{RevocationList, revocation_list::SessionKey};
use tokio::sync::mpsc;

use super::{polled::Requests, receiver::Receiver};

/// Requests of one session that wait to be looked at; more wait outside.
const WAITING: usize = 4;

/// Open sessions, at most so many.
pub(super) struct Sessions {
    open: Mutex<HashMap<Box<str>, Handle>>,
    limit: usize,
}

/// What requests know of a session.
#[derive(Clone)]
pub(super) struct Handle {
    /// The login whose valid cookie opened the session, if one did.
    owner: Option<SessionKey>,
    /// Closed when the session has ended.
    pub octets: mpsc::Sender<Bytes>,
    pub receivers: mpsc::Sender<Receiver>,
}

/// A session's place among the others, given back when it is dropped.
pub(super) struct Place {
    sessions: Arc<Sessions>,
    name: Box<str>,
}

/// There are as many sessions as may be.
pub(super) struct Full;

impl Sessions {
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::default(),
            limit,
        })
    }

    pub fn find(&self, name: &str) -> Option<Handle> {
        self.lock().get(name).cloned()
    }

    /// The session of that name; if it is new, with what it takes to serve it.
    pub fn find_or_open(
        self: &Arc<Self>,
        name: &str,
        cookie: Option<&Token>,
    ) -> Result<(Handle, Option<(Place, Requests)>), Full> {
        let mut open = self.lock();
        let count = open.len();
        match open.entry(name.into()) {
            Entry::Occupied(known) => Ok((known.get().clone(), None)),
            Entry::Vacant(_) if count >= self.limit => Err(Full),
            Entry::Vacant(vacant) => {
                let (octets, sent) = mpsc::channel(WAITING);
                let (receivers, asked) = mpsc::channel(WAITING);
                let handle = Handle {
                    owner: cookie.map(SessionKey::from),
                    octets,
                    receivers,
                };
                let place = Place {
                    sessions: Arc::clone(self),
                    name: vacant.key().clone(),
                };
                vacant.insert(handle.clone());
                let requests = Requests {
                    octets: sent,
                    receivers: asked,
                };
                Ok((handle, Some((place, requests))))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Handle>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handle {
    /// Whether a request with this cookie may speak for the session. The login that opened it needs no look into the
    /// list: when that login ends the session does, too.
    pub fn admits(&self, cookie: Option<&Token>, revocations: &RevocationList) -> bool {
        let Some(owner) = self.owner else {
            return true;
        };
        cookie.is_some_and(|token| {
            let key = SessionKey::from(token);
            let same_customer = key.customer == owner.customer;
            same_customer && (key == owner || matches!(revocations.is_revoked(token), Ok(false)))
        })
    }

    /// Whether the session has ended and only tells so.
    pub fn has_ended(&self) -> bool {
        self.octets.is_closed()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sessions.lock().remove(&self.name);
    }
}
