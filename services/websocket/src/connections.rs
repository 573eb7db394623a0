//! The open connections of this node, so that all of them can be closed.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{close_reason::CloseReason, send_queue::SendQueue};

/// Clients that were closed all at once would all come back at once: they are closed in this many steps.
const STEPS: u32 = 20;

/// The queues of all open connections.
#[derive(Debug, Default)]
pub struct Connections {
    open: Mutex<HashMap<u64, Arc<SendQueue>>>,
    next: AtomicU64,
}

/// Counts a connection as open until it is dropped.
#[derive(Debug)]
pub struct ConnectionGuard {
    connections: Arc<Connections>,
    number: u64,
}

impl Connections {
    /// Adds a connection.
    #[must_use]
    pub fn enter(self: &Arc<Self>, queue: Arc<SendQueue>) -> ConnectionGuard {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(number, queue);
        metrics::gauge!("colloquy_websocket_connections").increment(1);
        ConnectionGuard {
            connections: Arc::clone(self),
            number,
        }
    }

    /// How many connections are open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// The octets that wait for each client.
    pub fn waiting(&self) -> impl Iterator<Item = usize> {
        self.all().into_iter().map(|queue| queue.waiting())
    }

    /// Ends all at once.
    pub fn end_all(&self, reason: CloseReason) {
        for queue in self.all() {
            queue.end(None, reason);
        }
    }

    /// Ends all, spread over a time. The order is that of a hash map, which is as good as none.
    pub async fn end_all_within(&self, spread: Duration, reason: CloseReason) {
        let all = self.all();
        let step = all.len().div_ceil(STEPS as usize).max(1);
        for some in all.chunks(step) {
            for queue in some {
                queue.end(None, reason);
            }
            tokio::time::sleep(spread / STEPS).await;
        }
    }

    fn all(&self) -> Vec<Arc<SendQueue>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<SendQueue>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.number);
        metrics::gauge!("colloquy_websocket_connections").decrement(1);
    }
}
