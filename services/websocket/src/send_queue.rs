//! The frames that wait to be written to one client: bounded in octets, first in first out. Adding one never waits.
//!
//! A queue that is longer than its limit does not show yet that its client is slow: the writer may not have had its
//! turn. The fan-out gives it one ([`SendQueue::standing`]). A client that takes nothing of a full queue, or so
//! little that it doubles, is slow: the queue ends, the connection closes with a reason, and the client catches up from
//! history (invariant 10). Nothing is thinned out.
//!
//! Who is online and who is typing are states: of each only the newest waits, in an account of its own, so that they take
//! no room from messages and none is lost (presence, decision 19).

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use colloquy_contracts::{CustomerId, Destination};
use tokio::{sync::Notify, time::Instant};
use tokio_tungstenite::tungstenite::Message;

use crate::close_reason::CloseReason;
#[cfg(feature = "planted-bugs")]
use crate::planted_bugs;

/// A client that takes no octet of a full queue for this long is slow.
pub const NO_PROGRESS_TIMEOUT: Duration = Duration::from_millis(50);
/// A queue that grew beyond this many frames gives its memory back when it is empty.
const KEPT_CAPACITY: usize = 16;
/// What a client that keeps taking may leave waiting, in limits.
const MESSAGES: usize = 2;
/// What states may take, in limits: with the default 4 MiB, enough for twelve people in each of a thousand rooms.
const STATES: usize = 8;

/// One client's queue.
#[derive(Debug)]
pub struct SendQueue {
    queue: Mutex<Queue>,
    changed: Notify,
    cut: Notify,
    limit: usize,
    #[cfg(feature = "planted-bugs")]
    drops_when_full: bool,
}

/// What a frame about a state is about, for one subscription: a newer frame with the same key replaces the older.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct ConflationKey {
    /// The destination of the frame.
    pub destination: Destination,
    /// The customer whose state it is.
    pub customer: CustomerId,
    /// The subscription's id.
    pub subscription: Arc<str>,
}

#[derive(Debug, Default)]
struct Queue {
    slots: VecDeque<Slot>,
    /// The newest frame of each state, which leaves where the first of those that wait came.
    states: HashMap<Arc<ConflationKey>, Message>,
    /// Of the messages that wait.
    octets: usize,
    /// Of the states that wait.
    state_octets: usize,
    writer: Writer,
    end: Option<CloseReason>,
}

#[derive(Debug)]
enum Slot {
    Message(Message),
    State(Arc<ConflationKey>),
}

/// What the task that writes the queue is doing.
#[derive(Clone, Copy, Debug, Default)]
enum Writer {
    /// It writes the next frame as soon as it gets a thread.
    #[default]
    Ready,
    /// It handles a frame of its client, or waits for the client's next request.
    Busy,
    /// Its client has taken no octet since then.
    Blocked(Instant),
}

/// How a queue stands to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is within the limit, or has ended, or may grow.
    Fine,
    /// It is beyond, because its writer has not had its turn.
    Unwritten,
    /// It is beyond, and its client does not take more at this moment.
    Blocked,
}

/// What the connection does next.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// Write this.
    Frame(Message),
    /// Everything is written: close.
    End(CloseReason),
    /// Wait.
    Nothing,
}

impl SendQueue {
    /// An empty queue that is full with so many octets.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            queue: Mutex::default(),
            changed: Notify::new(),
            cut: Notify::new(),
            limit,
            #[cfg(feature = "planted-bugs")]
            drops_when_full: planted_bugs::drops_on_full_queue(),
        }
    }

    /// Adds a frame, and returns whether the queue is beyond its limit: the writer is to have its turn before more is added
    /// ([`SendQueue::standing`]). A queue that is twice as long as that ends, and with it the connection.
    pub fn push(&self, frame: Message) -> bool {
        let mut queue = self.lock();
        if queue.end.is_some() {
            return false;
        }
        let octets = queue.octets + cost(&frame);
        #[cfg(feature = "planted-bugs")]
        if self.drops_when_full && octets > planted_bugs::QUEUE_BYTES {
            return false;
        }
        if octets > self.limit.saturating_mul(MESSAGES) {
            queue.give_up();
        } else {
            queue.octets = octets;
            queue.slots.push_back(Slot::Message(frame));
        }
        let is_beyond = queue.octets > self.limit;
        self.notify_of_first(queue);
        is_beyond
    }

    /// Adds a frame about a state, in the place of one that waits. If so many states wait that there is no room for it the
    /// queue ends.
    pub fn push_conflated(&self, key: Arc<ConflationKey>, frame: Message) {
        let mut queue = self.lock();
        if queue.end.is_some() {
            return;
        }
        if let Some(waiting) = queue.states.get_mut(&key) {
            let before = std::mem::replace(waiting, frame.clone());
            queue.state_octets = queue.state_octets + frame.len() - before.len();
            return;
        }
        if queue.state_octets + state_cost(&frame) > self.limit.saturating_mul(STATES) {
            queue.give_up();
        } else {
            queue.state_octets += state_cost(&frame);
            queue.slots.push_back(Slot::State(Arc::clone(&key)));
            queue.states.insert(key, frame);
        }
        self.notify_of_first(queue);
    }

    /// Drops the states that wait for a subscription which has ended: another one of that id begins anew.
    pub fn forget(&self, destination: Destination, subscription: &str) {
        let mut queue = self.lock();
        let is_its = |key: &ConflationKey| {
            key.destination == destination && *key.subscription == *subscription
        };
        let dropped = queue.states.extract_if(|key, _| is_its(key));
        let octets: usize = dropped.map(|(_, frame)| state_cost(&frame)).sum();
        queue.state_octets = queue.state_octets.saturating_sub(octets);
        let stays = |slot: &Slot| !matches!(slot, Slot::State(key) if is_its(key));
        queue.slots.retain(stays);
    }

    /// How the queue stands to its limit now. One that is beyond and of which its client has taken no octet for
    /// [`NO_PROGRESS_TIMEOUT`] ends.
    pub fn standing(&self, now: Instant) -> Standing {
        let mut queue = self.lock();
        if queue.octets <= self.limit || queue.end.is_some() {
            return Standing::Fine;
        }
        match queue.writer {
            Writer::Ready => Standing::Unwritten,
            Writer::Busy => Standing::Fine,
            Writer::Blocked(since) if now < since + NO_PROGRESS_TIMEOUT => Standing::Blocked,
            Writer::Blocked(_) => {
                queue.give_up();
                self.notify_of_first(queue);
                Standing::Fine
            }
        }
    }

    /// The writer's client does not take what it is offered.
    pub fn blocked(&self, now: Instant) {
        let mut queue = self.lock();
        if !matches!(queue.writer, Writer::Blocked(_)) {
            queue.writer = Writer::Blocked(now);
        }
    }

    /// The client has taken some octets: if the writer is still blocked, it is since now.
    pub fn progressed(&self, now: Instant) {
        if let Writer::Blocked(since) = &mut self.lock().writer {
            *since = now;
        }
    }

    /// The writer does something else for a while.
    pub fn busy(&self) {
        self.lock().writer = Writer::Busy;
    }

    /// The writer's client has taken what it was offered, and the writer goes on as soon as something waits.
    pub fn ready(&self) {
        self.lock().writer = Writer::Ready;
    }

    /// Ends the queue: frames that wait are still written unless it ends at once, then `last`, then the connection closes.
    /// Later frames go nowhere, and of several ends the first counts that is at once, or else the first.
    pub fn end(&self, last: Option<Message>, reason: CloseReason) {
        let at_once = reason.is_at_once();
        let mut queue = self.lock();
        if queue.end.is_none_or(|end| at_once && !end.is_at_once()) {
            if at_once {
                *queue = Queue::default();
            }
            queue.slots.extend(last.map(Slot::Message));
            queue.end = Some(reason);
        }
        drop(queue);
        self.changed.notify_one();
        if at_once {
            self.cut.notify_one();
        }
    }

    /// Ends the queue because its client does not keep up, and drops the frames that wait.
    pub fn give_up(&self) {
        self.lock().give_up();
    }

    /// Takes the next frame.
    #[must_use]
    pub fn next(&self) -> Next {
        let mut queue = self.lock();
        // The frame that was taken before has found room.
        queue.writer = Writer::Ready;
        if let Some(frame) = queue.pop() {
            return Next::Frame(frame);
        }
        if queue.slots.capacity() > KEPT_CAPACITY {
            queue.slots = VecDeque::new();
        }
        if queue.states.capacity() > 0 {
            queue.states = HashMap::new();
        }
        queue.end.map_or(Next::Nothing, Next::End)
    }

    /// The octets that wait, of messages and states.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let queue = self.lock();
        queue.octets + queue.state_octets
    }

    /// How the queue has ended, if it has; frames may still wait.
    #[must_use]
    pub fn ended(&self) -> Option<CloseReason> {
        self.lock().end
    }

    /// Whether the queue has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended().is_some()
    }

    /// Resolves once when the queue has ended at once, even during a write. Cancel-safe.
    pub async fn cut(&self) {
        self.cut.notified().await;
    }

    /// Resolves when there may be a frame to take. Cancel-safe.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Wakes the connection if the added frame is the first that waits: it is awake otherwise.
    fn notify_of_first(&self, queue: MutexGuard<'_, Queue>) {
        let was_empty = queue.slots.len() <= 1;
        drop(queue);
        if was_empty {
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn pop(&mut self) -> Option<Message> {
        match self.slots.pop_front()? {
            Slot::Message(frame) => {
                self.octets = self.octets.saturating_sub(cost(&frame));
                Some(frame)
            }
            Slot::State(key) => {
                let frame = self.states.remove(&key)?;
                self.state_octets = self.state_octets.saturating_sub(state_cost(&frame));
                Some(frame)
            }
        }
    }

    fn give_up(&mut self) {
        // A write that is still under way when the queue gives up may time out as well.
        if self.end != Some(CloseReason::TooSlow) {
            metrics::counter!("colloquy_websocket_slow_consumers_closed_total").increment(1);
        }
        *self = Self {
            end: Some(CloseReason::TooSlow),
            ..Self::default()
        };
    }
}

/// Octets and the entry itself, so that many small frames are bounded too.
fn cost(frame: &Message) -> usize {
    frame.len() + size_of::<Slot>()
}

fn state_cost(frame: &Message) -> usize {
    cost(frame) + size_of::<(ConflationKey, Message)>()
}
