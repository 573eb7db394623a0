//! What waits to be written to one client: bounded in bytes, first in first out, and never waiting for the client.
//!
//! A queue that overflows is not thinned out: it ends, the connection closes with a reason, and the client catches up
//! from history (invariant 10).

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

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
    limit: usize,
    #[cfg(feature = "planted-bugs")]
    drops_when_full: bool,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Message>,
    bytes: usize,
    end: Option<Closing>,
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
        let drops_when_full = super::planted_bug::drops_on_full_queue();
        Self {
            queue: Mutex::default(),
            changed: Notify::new(),
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
        if self.drops_when_full && queue.bytes + cost(&frame) > super::planted_bug::QUEUE_BYTES {
            return;
        }
        if queue.bytes + cost(&frame) > self.limit {
            queue.give_up();
        } else {
            queue.bytes += cost(&frame);
            queue.frames.push_back(frame);
        }
        let was_empty = queue.frames.len() <= 1;
        drop(queue);
        if was_empty {
            self.changed.notify_one();
        }
    }

    /// Ends the queue: what waits is still written, then `last`, then the connection closes. Later frames go nowhere,
    /// and of several ends the first counts.
    pub fn end(&self, last: Option<Message>, closing: Closing) {
        let mut queue = self.queue();
        if queue.end.is_none() {
            queue.frames.extend(last);
            queue.end = Some(closing);
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// Ends the queue because its client does not keep up, and lets go of what waits.
    pub fn give_up(&self) {
        self.queue().give_up();
    }

    /// Takes what is next.
    #[must_use]
    pub fn next(&self) -> Next {
        let mut queue = self.queue();
        if let Some(frame) = queue.frames.pop_front() {
            queue.bytes = queue.bytes.saturating_sub(cost(&frame));
            return Next::Frame(frame);
        }
        if queue.frames.capacity() > KEPT_CAPACITY {
            queue.frames = VecDeque::new();
        }
        queue.end.map_or(Next::Nothing, Next::End)
    }

    /// Whether the queue has ended; frames may still wait.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.queue().end.is_some()
    }

    /// Resolves when there may be something to take. Cancel-safe.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn give_up(&mut self) {
        metrics::counter!("websocket_slow_consumers_closed").increment(1);
        *self = Self {
            end: Some(Closing::TooSlow),
            ..Self::default()
        };
    }
}

/// Bytes and the entry itself, so that many small frames are bounded too.
fn cost(frame: &Message) -> usize {
    frame.len() + size_of::<Message>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &str) -> Message {
        Message::text(text)
    }

    fn drain(outbound: &Outbound) -> Vec<Next> {
        let mut taken = Vec::new();
        loop {
            let next = outbound.next();
            let last = !matches!(next, Next::Frame(_));
            taken.push(next);
            if last {
                return taken;
            }
        }
    }

    #[test]
    fn stomp_s10_frames_leave_in_the_order_they_came() {
        let outbound = Outbound::new(1024);
        outbound.push(frame("a"));
        outbound.push(frame("b"));

        assert_eq!(
            drain(&outbound),
            [
                Next::Frame(frame("a")),
                Next::Frame(frame("b")),
                Next::Nothing
            ]
        );
    }

    #[test]
    fn f20_an_overflowing_queue_ends_with_a_reason_and_holds_nothing() {
        let outbound = Outbound::new(3 * cost(&frame("abc")));
        for _ in 0..3 {
            outbound.push(frame("abc"));
        }
        assert!(!outbound.has_ended());

        outbound.push(frame("abc"));
        outbound.push(frame("later"));

        assert_eq!(drain(&outbound), [Next::End(Closing::TooSlow)]);
    }

    #[test]
    fn f20_what_was_written_makes_room_again() {
        let outbound = Outbound::new(2 * cost(&frame("abc")));
        for _ in 0..100 {
            outbound.push(frame("abc"));
            assert_eq!(outbound.next(), Next::Frame(frame("abc")));
        }
        assert_eq!(outbound.next(), Next::Nothing);
    }

    #[test]
    fn stomp_r4_nothing_follows_the_last_frame_and_the_first_end_counts() {
        let outbound = Outbound::new(1024);
        outbound.push(frame("a"));
        outbound.end(Some(frame("ERROR")), Closing::Protocol);
        outbound.push(frame("b"));
        outbound.end(Some(frame("another")), Closing::GoingAway);

        assert_eq!(
            drain(&outbound),
            [
                Next::Frame(frame("a")),
                Next::Frame(frame("ERROR")),
                Next::End(Closing::Protocol)
            ]
        );
    }

    #[cfg(feature = "planted-bugs")]
    #[test]
    fn the_planted_bug_loses_frames_in_silence() {
        let outbound = Outbound {
            drops_when_full: true,
            ..Outbound::new(1 << 20)
        };
        for _ in 0..1_000 {
            outbound.push(frame("abc"));
        }
        let taken = drain(&outbound);
        assert!(taken.len() < 1_000);
        assert_eq!(taken.last(), Some(&Next::Nothing));
    }

    #[tokio::test]
    async fn a_waiting_connection_is_woken_by_a_frame_and_by_the_end() {
        let outbound = Outbound::new(1024);
        outbound.push(frame("a"));
        outbound.changed().await;
        assert_eq!(drain(&outbound).len(), 2);
        outbound.end(None, Closing::Normal);
        outbound.changed().await;
        assert_eq!(drain(&outbound), [Next::End(Closing::Normal)]);
    }
}
