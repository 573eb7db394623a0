//! What waits to be written to one client: bounded in octets, first in first out, and never waiting for the client.
//!
//! A queue that is longer than its limit does not show yet that its client is slow: the writer may not have had its
//! turn. The fan-out gives it one ([`Outbound::standing`]). A client that takes nothing of a full queue, or so
//! little that it doubles, is slow: the queue ends, the connection closes with a reason, and the client catches up from
//! history (invariant 10). Nothing is thinned out.
//!
//! Who is online and who is typing are states: of each only the newest waits, in an account of its own, so that they take
//! no room from messages and none is lost (decision 19).

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

use crate::connection::Closing;

/// A client that takes nothing of a full queue for this long is slow.
pub const TURN: Duration = Duration::from_millis(50);
/// A queue that grew beyond this many frames gives its memory back when it is empty.
const KEPT_CAPACITY: usize = 16;
/// What a client that keeps taking may leave waiting, in limits.
const MESSAGES: usize = 2;
/// What states may take, in limits: with the default 4 MiB, enough for twelve people in each of a thousand rooms.
const STATES: usize = 8;

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

/// What a frame about a state is about, for one subscription: a newer one takes its place.
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
    /// Of the messages that wait.
    octets: usize,
    /// Of the states that wait.
    passing_octets: usize,
    writer: Writer,
    end: Option<Closing>,
}

#[derive(Debug)]
enum Slot {
    Lasting(Message),
    Passing(Arc<Passing>),
}

/// What the task that writes the queue is doing.
#[derive(Clone, Copy, Debug, Default)]
enum Writer {
    /// It writes what waits as soon as it gets a thread.
    #[default]
    Ready,
    /// It is handling what its client has said.
    Busy,
    /// Its client has taken nothing since then.
    Blocked(Instant),
}

/// How a queue stands to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is within the limit, or has ended, or is let grow.
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
    End(Closing),
    /// Wait.
    Nothing,
}

impl Outbound {
    /// An empty queue that is full with so many octets.
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

    /// Adds a frame, and answers whether the queue is beyond its limit: the writer is to have its turn before more is added
    /// ([`Outbound::standing`]). A queue that is twice as long as that ends, and with it the connection.
    pub fn push(&self, frame: Message) -> bool {
        let mut queue = self.queue();
        if queue.end.is_some() {
            return false;
        }
        #[cfg(feature = "planted-bugs")]
        if self.drops_when_full && queue.octets + cost(&frame) > super::planted_bugs::QUEUE_BYTES {
            return false;
        }
        if queue.octets + cost(&frame) > self.limit.saturating_mul(MESSAGES) {
            queue.give_up();
        } else {
            queue.octets += cost(&frame);
            queue.slots.push_back(Slot::Lasting(frame));
        }
        let is_beyond = queue.octets > self.limit;
        self.tell_first(queue);
        is_beyond
    }

    /// Adds a frame about a state, in the place of one that waits. If so many states wait that there is no room for it the
    /// queue ends.
    pub fn push_passing(&self, about: Arc<Passing>, frame: Message) {
        let mut queue = self.queue();
        if queue.end.is_some() {
            return;
        }
        if let Some(waiting) = queue.passing.get_mut(&about) {
            let before = std::mem::replace(waiting, frame.clone());
            queue.passing_octets = queue.passing_octets + frame.len() - before.len();
            return;
        }
        if queue.passing_octets + passing_cost(&frame) > self.limit.saturating_mul(STATES) {
            queue.give_up();
        } else {
            queue.passing_octets += passing_cost(&frame);
            queue.slots.push_back(Slot::Passing(Arc::clone(&about)));
            queue.passing.insert(about, frame);
        }
        self.tell_first(queue);
    }

    /// Drops the states that wait for a subscription which has ended: another one of that id begins anew.
    pub fn forget(&self, destination: Destination, subscription: &str) {
        let mut queue = self.queue();
        let is_its = |about: &Passing| {
            about.destination == destination && *about.subscription == *subscription
        };
        let dropped = queue.passing.extract_if(|about, _| is_its(about));
        let octets: usize = dropped.map(|(_, frame)| passing_cost(&frame)).sum();
        queue.passing_octets = queue.passing_octets.saturating_sub(octets);
        let stays = |slot: &Slot| !matches!(slot, Slot::Passing(about) if is_its(about));
        queue.slots.retain(stays);
    }

    /// How the queue stands to its limit now. One that is beyond and of which its client has taken nothing for [`TURN`] ends.
    pub fn standing(&self, now: Instant) -> Standing {
        let mut queue = self.queue();
        if queue.octets <= self.limit || queue.end.is_some() {
            return Standing::Fine;
        }
        match queue.writer {
            Writer::Ready => Standing::Unwritten,
            Writer::Busy => Standing::Fine,
            Writer::Blocked(since) if now < since + TURN => Standing::Blocked,
            Writer::Blocked(_) => {
                queue.give_up();
                self.tell_first(queue);
                Standing::Fine
            }
        }
    }

    /// The writer's client does not take what it is offered.
    pub fn blocked(&self, now: Instant) {
        let mut queue = self.queue();
        if !matches!(queue.writer, Writer::Blocked(_)) {
            queue.writer = Writer::Blocked(now);
        }
    }

    /// The writer does something else for a while.
    pub fn busy(&self) {
        self.queue().writer = Writer::Busy;
    }

    /// The writer's client has taken what it was offered, and the writer goes on as soon as something waits.
    pub fn ready(&self) {
        self.queue().writer = Writer::Ready;
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
        // Whatever was taken before has found room.
        queue.writer = Writer::Ready;
        if let Some(frame) = queue.pop() {
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
            Slot::Lasting(frame) => {
                self.octets = self.octets.saturating_sub(cost(&frame));
                Some(frame)
            }
            Slot::Passing(about) => {
                let frame = self.passing.remove(&about)?;
                self.passing_octets = self.passing_octets.saturating_sub(passing_cost(&frame));
                Some(frame)
            }
        }
    }

    fn give_up(&mut self) {
        metrics::counter!("colloquy_websocket_slow_consumers_closed_total").increment(1);
        *self = Self {
            end: Some(Closing::TooSlow),
            ..Self::default()
        };
    }
}

/// Octets and the entry itself, so that many small frames are bounded too.
fn cost(frame: &Message) -> usize {
    frame.len() + size_of::<Slot>()
}

fn passing_cost(frame: &Message) -> usize {
    cost(frame) + size_of::<(Passing, Message)>()
}
