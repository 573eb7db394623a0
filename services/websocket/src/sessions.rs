//! The sessions that are open on this node, by customer: how many each has, and which are to end when their tokens are
//! revoked.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use colloquy_contracts::{CustomerId, SessionNumber};
use colloquy_credentials::identity::SessionId;
use colloquy_service_api::revocation_list::SessionKey;

use crate::{
    fanout::encoding::websocket_message,
    send_queue::SendQueue,
    session::refusal::{Refusal, Refused},
    stomp::Version,
};

/// Open sessions.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<CustomerId, Vec<OpenSession>>>);

/// An open session: the token it rests on, and how to end it. Small, because there are many (performance.md G7).
#[derive(Debug)]
pub struct OpenSession {
    customer: CustomerId,
    id: SessionId,
    number: SessionNumber,
    queue: Arc<SendQueue>,
    version: Version,
}

impl OpenSession {
    /// The session of a client that speaks this version and reads from that queue.
    #[must_use]
    pub fn new(session: SessionKey, version: Version, queue: Arc<SendQueue>) -> Self {
        Self {
            customer: session.customer,
            id: session.id,
            number: session.number,
            queue,
            version,
        }
    }

    fn key(&self) -> SessionKey {
        SessionKey {
            customer: self.customer,
            id: self.id,
            number: self.number,
        }
    }
}

impl Sessions {
    /// Adds one more, unless its customer has `limit` already.
    #[must_use]
    pub fn begin(&self, session: OpenSession, limit: usize) -> bool {
        let mut sessions = self.lock();
        let open = sessions.entry(session.customer).or_default();
        if open.len() >= limit {
            return false;
        }
        open.push(session);
        true
    }

    /// Removes the session with that queue.
    pub fn end(&self, customer: CustomerId, queue: &Arc<SendQueue>) {
        let mut sessions = self.lock();
        let Entry::Occupied(mut open) = sessions.entry(customer) else {
            return;
        };
        let of_this_queue = |session: &OpenSession| Arc::ptr_eq(&session.queue, queue);
        if let Some(at) = open.get().iter().position(of_this_queue) {
            open.get_mut().swap_remove(at);
        }
        if open.get().is_empty() {
            open.remove();
        }
    }

    /// Ends the sessions that fit, with nothing but an ERROR frame; their connections then close and remove them here.
    pub fn end_where(&self, refusal: &Refusal, fits: impl Fn(SessionKey) -> bool) {
        for session in self.lock().values().flatten() {
            if fits(session.key()) {
                let frame = websocket_message(refusal.frame(session.version, Refused::default()));
                session.queue.end(Some(frame), refusal.close_reason());
            }
        }
    }

    /// How many customers have a session here.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CustomerId, Vec<OpenSession>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(customer: i64, id: u128) -> (Arc<SendQueue>, OpenSession) {
        let queue = Arc::new(SendQueue::new(1024));
        let key = SessionKey {
            customer: CustomerId(customer),
            id: SessionId::from_bits(id),
            number: SessionNumber(0),
        };
        let session = OpenSession::new(key, Version::V12, Arc::clone(&queue));
        (queue, session)
    }

    #[test]
    fn stomp_limits_a_customer_has_so_many_sessions_and_no_more() {
        let sessions = Sessions::default();
        let begin = |customer| {
            let (queue, session) = session(customer, 1);
            sessions.begin(session, 2).then_some(queue)
        };
        let first = begin(1).unwrap();
        let second = begin(1).unwrap();
        assert!(begin(1).is_none());
        let other = begin(2).unwrap();

        sessions.end(CustomerId(1), &first);
        let third = begin(1).unwrap();
        for (customer, queue) in [(1, second), (1, third), (2, other)] {
            sessions.end(CustomerId(customer), &queue);
        }
        assert_eq!(sessions.customers(), 0);
    }

    #[test]
    fn stomp_n10_only_the_sessions_that_fit_are_ended() {
        let sessions = Sessions::default();
        let queues: Vec<_> = (1..=3)
            .map(|id| {
                let (queue, session) = session(1, id);
                assert!(sessions.begin(session, 3));
                queue
            })
            .collect();
        sessions.end_where(&Refusal::Revoked, |key| key.id == SessionId::from_bits(2));
        let ended: Vec<_> = queues.iter().map(|queue| queue.has_ended()).collect();
        assert_eq!(ended, [false, true, false]);
    }

    #[test]
    fn performance_g7_an_open_session_takes_few_bytes() {
        assert!(size_of::<OpenSession>() <= 64);
    }
}
