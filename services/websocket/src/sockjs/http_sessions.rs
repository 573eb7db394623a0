//! The sessions over plain HTTP that are open on this node, by the name that their clients chose.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use colloquy_credentials::session_verifier::Session as Token;
use colloquy_service_api::{RevocationList, revocation_list::SessionKey};
use tokio::sync::mpsc;

use super::receiver::Receiver;

/// Requests of one session that its task has not taken yet; more wait in their own tasks.
const WAITING: usize = 4;

/// Open sessions, at most so many.
pub(super) struct HttpSessions {
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

/// What the requests of a session bring to its task.
pub(super) struct Requests {
    /// Declared first: when these are dropped, a request finds no session before it finds that its task is gone.
    _permit: SessionPermit,
    /// What `xhr_send` carried.
    pub octets: mpsc::Receiver<Bytes>,
    /// Requests for frames.
    pub receivers: mpsc::Receiver<Receiver>,
}

/// The right to one session, released when it is dropped.
struct SessionPermit {
    sessions: Arc<HttpSessions>,
    name: Box<str>,
}

/// There are as many sessions as may be.
pub(super) struct Full;

impl HttpSessions {
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::default(),
            limit,
        })
    }

    pub fn find(&self, name: &str) -> Option<Handle> {
        self.lock().get(name).cloned()
    }

    /// The session of that name; if it is new, with its requests.
    pub fn find_or_open(
        self: &Arc<Self>,
        name: &str,
        cookie: Option<&Token>,
    ) -> Result<(Handle, Option<Requests>), Full> {
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
                let permit = SessionPermit {
                    sessions: Arc::clone(self),
                    name: vacant.key().clone(),
                };
                vacant.insert(handle.clone());
                let requests = Requests {
                    _permit: permit,
                    octets: sent,
                    receivers: asked,
                };
                Ok((handle, Some(requests)))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Handle>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handle {
    /// Whether a request with this cookie may use the session. The login that opened it is not looked up in the list:
    /// when that login ends the session does, too.
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

    /// Whether the session has ended and only answers so.
    pub fn has_ended(&self) -> bool {
        self.octets.is_closed()
    }
}

impl Drop for SessionPermit {
    fn drop(&mut self) {
        self.sessions.lock().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use colloquy_contracts::{CustomerId, SessionNumber, Timestamp};
    use colloquy_credentials::identity::{Caller, SessionId};
    use colloquy_service_api::revocations::{Ended, Revocation, Revocations};
    use tokio::time::Instant;

    use super::*;

    const ALICE: CustomerId = CustomerId(1);

    fn login(customer: CustomerId, id: u128) -> Token {
        Token {
            caller: Caller {
                customer_id: customer,
                full_name: "Alice".into(),
                session_id: SessionId::from_bits(id),
            },
            number: SessionNumber(1),
            expires_at: Timestamp::from_millis(i64::MAX),
        }
    }

    /// Alice's third login has ended.
    fn revocations(read: Instant) -> RevocationList {
        let list = RevocationList::default();
        let entry = Revocation {
            number: 1,
            customer_id: ALICE,
            ended: Ended::Session {
                session_id: SessionId::from_bits(3),
            },
            expires_at: Timestamp::from_millis(i64::MAX),
        };
        let log = Revocations {
            revocations: vec![entry],
            up_to: 1,
            is_end: true,
        };
        list.apply(&log, read);
        list
    }

    #[test]
    fn stomp_7_a_session_is_its_login_s_and_that_customer_s_other_valid_logins() {
        let sessions = HttpSessions::new(1);
        let opened = sessions.find_or_open("s", Some(&login(ALICE, 1)));
        let (handle, new) = opened.ok().unwrap();
        let later = Instant::now() + Duration::from_secs(3600);
        let (fresh, stale) = (revocations(later), RevocationList::default());
        for (cookie, when_fresh, when_stale) in [
            (Some(login(ALICE, 1)), true, true),
            (Some(login(ALICE, 2)), true, false),
            (Some(login(ALICE, 3)), false, false),
            (Some(login(CustomerId(2), 1)), false, false),
            (None, false, false),
        ] {
            assert_eq!(
                handle.admits(cookie.as_ref(), &fresh),
                when_fresh,
                "{cookie:?}"
            );
            assert_eq!(
                handle.admits(cookie.as_ref(), &stale),
                when_stale,
                "{cookie:?}"
            );
        }
        drop(new);
        assert!(sessions.find("s").is_none());
    }

    #[test]
    fn stomp_7_one_name_is_one_session_and_a_released_permit_is_free() {
        let sessions = HttpSessions::new(1);
        let (_, first) = sessions.find_or_open("a", None).ok().unwrap();
        assert!(first.is_some());
        let (_, again) = sessions.find_or_open("a", None).ok().unwrap();
        assert!(again.is_none(), "opened twice");
        assert!(sessions.find_or_open("b", None).is_err());
        drop(first);
        assert!(sessions.find_or_open("b", None).is_ok());
    }
}
