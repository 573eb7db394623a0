//! What waits to be written to one client: bounded in bytes, first in first out, and never waiting for the client.
//!
//! A queue that overflows with messages is not thinned out: it ends, the connection closes with a reason, and the client
//! catches up from history (invariant 10). Who is online and who is typing passes: of each only the newest state waits,
//! and it gives way to messages (stomp.md §6).

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use colloquy_contracts::{CustomerId, Destination};
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;

use crate::connection::Closing;

/// A queue that grew beyond this many frames gives its memory back when it is empty.
const KEPT_CAPACITY: usize = 16;

/// One client's queue.
#[derive(Debug)]
pub struct Outbound {
    queue: Mutex<Queue>,
    changed: Notify,
    cut: Notify,
    limit: usize,
    #[cfg(feature = "planted-bugs")]
    drops_when_full: bool,
}

/// What a frame that passes is about, for one subscription: a newer one takes its place.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Passing {
    /// Where it is told.
    pub destination: Destination,
    /// Whose state it tells.
    pub customer: CustomerId,
    /// The subscription's id.
    pub subscription: Arc<str>,
}

#[derive(Debug, Default)]
struct Queue {
    slots: VecDeque<Slot>,
    /// The newest state of each, at the place where the first of those that wait came.
    passing: HashMap<Arc<Passing>, Message>,
    bytes: usize,
    end: Option<Closing>,
}

#[derive(Debug)]
enum Slot {
    Lasting(Message),
    Passing(Arc<Passing>),
}

/// What the connection does next.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// Write this.
    Frame(Message),
    /// Everything is written: close.
    End(Closing),
    /// Wait.
    Nothing,
}

impl Outbound {
    /// An empty queue that holds at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        #[cfg(feature = "planted-bugs")]
        let drops_when_full = super::planted_bugs::drops_on_full_queue();
        Self {
            queue: Mutex::default(),
            changed: Notify::new(),
            cut: Notify::new(),
            limit,
            #[cfg(feature = "planted-bugs")]
            drops_when_full,
        }
    }

    /// Adds a frame. If there is no room for it the queue ends, and with it the connection.
    pub fn push(&self, frame: Message) {
        let mut queue = self.queue();
        if queue.end.is_some() {
            return;
        }
        #[cfg(feature = "planted-bugs")]
        if self.drops_when_full && queue.bytes + cost(&frame) > super::planted_bugs::QUEUE_BYTES {
            return;
        }
        if queue.bytes + cost(&frame) > self.limit {
            queue.let_go_of_what_passes();
        }
        if queue.bytes + cost(&frame) > self.limit {
            queue.give_up();
        } else {
            queue.bytes += cost(&frame);
            queue.slots.push_back(Slot::Lasting(frame));
        }
        self.tell_first(queue);
    }

    /// Adds a frame about a state, in the place of one that waits. When the queue is filling it is dropped.
    pub fn push_passing(&self, about: Arc<Passing>, frame: Message) {
        let mut queue = self.queue();
        if queue.end.is_some() {
            return;
        }
        if let Some(waiting) = queue.passing.get_mut(&about) {
            let before = std::mem::replace(waiting, frame.clone());
            queue.bytes = queue.bytes + frame.len() - before.len();
            return;
        }
        if queue.bytes + cost(&frame) > self.limit / 2 {
            metrics::counter!("colloquy_websocket_passing_frames_dropped_total").increment(1);
            return;
        }
        queue.bytes += cost(&frame);
        queue.slots.push_back(Slot::Passing(Arc::clone(&about)));
        queue.passing.insert(about, frame);
        self.tell_first(queue);
    }

    /// Ends the queue: what waits is still written unless it ends at once, then `last`, then the connection closes. Later
    /// frames go nowhere, and of several ends the first counts that is at once, or else the first.
    pub fn end(&self, last: Option<Message>, closing: Closing) {
        let at_once = closing.is_at_once();
        let mut queue = self.queue();
        if queue.end.is_none_or(|end| at_once && !end.is_at_once()) {
            if at_once {
                *queue = Queue::default();
            }
            queue.slots.extend(last.map(Slot::Lasting));
            queue.end = Some(closing);
        }
        drop(queue);
        self.changed.notify_one();
        if at_once {
            self.cut.notify_one();
        }
    }

    /// Ends the queue because its client does not keep up, and lets go of what waits.
    pub fn give_up(&self) {
        self.queue().give_up();
    }

    /// Takes what is next.
    #[must_use]
    pub fn next(&self) -> Next {
        let mut queue = self.queue();
        if let Some(frame) = queue.pop() {
            queue.bytes = queue.bytes.saturating_sub(cost(&frame));
            return Next::Frame(frame);
        }
        if queue.slots.capacity() > KEPT_CAPACITY {
            queue.slots = VecDeque::new();
        }
        if queue.passing.capacity() > 0 {
            queue.passing = HashMap::new();
        }
        queue.end.map_or(Next::Nothing, Next::End)
    }

    /// How the queue has ended, if it has; frames may still wait.
    #[must_use]
    pub fn ended(&self) -> Option<Closing> {
        self.queue().end
    }

    /// Whether the queue has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended().is_some()
    }

    /// Resolves once when the queue has ended at once, whatever is being written. Cancel-safe.
    pub async fn cut(&self) {
        self.cut.notified().await;
    }

    /// Resolves when there may be something to take. Cancel-safe.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Wakes the connection if what was added is the first that waits: it is awake otherwise.
    fn tell_first(&self, queue: MutexGuard<'_, Queue>) {
        let was_empty = queue.slots.len() <= 1;
        drop(queue);
        if was_empty {
            self.changed.notify_one();
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn pop(&mut self) -> Option<Message> {
        match self.slots.pop_front()? {
            Slot::Lasting(frame) => Some(frame),
            Slot::Passing(about) => self.passing.remove(&about),
        }
    }

    fn let_go_of_what_passes(&mut self) {
        if self.passing.is_empty() {
            return;
        }
        metrics::counter!("colloquy_websocket_passing_frames_dropped_total")
            .increment(self.passing.len() as u64);
        let bytes: usize = self.passing.values().map(cost).sum();
        self.bytes = self.bytes.saturating_sub(bytes);
        self.passing = HashMap::new();
        self.slots.retain(|slot| matches!(slot, Slot::Lasting(_)));
    }

    fn give_up(&mut self) {
        metrics::counter!("colloquy_websocket_slow_consumers_closed_total").increment(1);
        *self = Self {
            end: Some(Closing::TooSlow),
            ..Self::default()
        };
    }
}

/// Bytes and the entry itself, so that many small frames are bounded too.
fn cost(frame: &Message) -> usize {
    frame.len() + size_of::<Slot>()
}
