//! The open sockets of this node, so that all of them can be closed.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{connection::Closing, fanout::outbound::Outbound};

/// Closing everything at once would bring everybody back at once: it is done in this many steps.
const STEPS: u32 = 20;

/// The queues of all open sockets.
#[derive(Debug, Default)]
pub struct Connections {
    open: Mutex<HashMap<u64, Arc<Outbound>>>,
    next: AtomicU64,
}

/// An open socket's place among the others, given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    connections: Arc<Connections>,
    number: u64,
}

impl Connections {
    /// Adds a socket.
    #[must_use]
    pub fn enter(self: &Arc<Self>, outbound: Arc<Outbound>) -> Place {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(number, outbound);
        metrics::gauge!("colloquy_websocket_connections").increment(1);
        Place {
            connections: Arc::clone(self),
            number,
        }
    }

    /// How many sockets are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether no socket is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends all at once.
    pub fn end_all(&self, closing: Closing) {
        for outbound in self.all() {
            outbound.end(None, closing);
        }
    }

    /// Ends all, spread over a time. The order is that of a hash map, which is as good as none.
    pub async fn end_all_within(&self, spread: Duration, closing: Closing) {
        let all = self.all();
        let step = all.len().div_ceil(STEPS as usize).max(1);
        for some in all.chunks(step) {
            for outbound in some {
                outbound.end(None, closing);
            }
            tokio::time::sleep(spread / STEPS).await;
        }
    }

    fn all(&self) -> Vec<Arc<Outbound>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Outbound>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.number);
        metrics::gauge!("colloquy_websocket_connections").decrement(1);
    }
}
