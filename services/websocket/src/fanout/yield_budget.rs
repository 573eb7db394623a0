//! A task that queues frames for many clients yields to the tasks that write them: they share its threads, and a queue
//! must not be full because its writer could not run.
//!
//! Writers that have not run are waited for. Clients that take nothing are not: all of them together hold up the others
//! for a moment now and then ([`NO_PROGRESS_TIMEOUT`]), and no longer.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use crate::send_queue::{NO_PROGRESS_TIMEOUT, SendQueue, Standing};

/// Frames queued before the task yields.
const MAX_FRAMES: usize = 2_000;
/// Octets queued before it does: less than one queue holds, were they all in one.
const MAX_OCTETS: usize = 128 * 1024;
/// A writer that has not run for this long is waited for no longer.
const WRITER_TIMEOUT: Duration = Duration::from_secs(1);
/// How often queues are polled while they are waited for.
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// Clients are waited for in at most one part of all time in this many.
const BLOCKED_SHARE: u32 = 50;

/// How much a message queued.
#[derive(Debug, Default)]
pub struct Queued {
    /// Frames, one for each subscription.
    pub frames: usize,
    /// Octets of all frames together.
    pub octets: usize,
    /// Queues that are beyond their limit.
    pub full: Vec<Arc<SendQueue>>,
}

/// What was queued since the task yielded, and for how long it may still wait for clients.
#[derive(Debug)]
pub(crate) struct YieldBudget {
    frames: usize,
    octets: usize,
    /// How long clients that take nothing may be waited for: it recovers with time.
    client_wait: Duration,
    recovered_at: Instant,
}

impl Default for YieldBudget {
    fn default() -> Self {
        Self {
            frames: 0,
            octets: 0,
            client_wait: NO_PROGRESS_TIMEOUT,
            recovered_at: Instant::now(),
        }
    }
}

impl YieldBudget {
    /// Charges what was queued: yields if that is enough, or if a queue is full, and waits for the full queues.
    pub async fn charge(&mut self, queued: Queued) {
        self.frames += queued.frames;
        self.octets += queued.octets;
        if self.frames >= MAX_FRAMES || self.octets >= MAX_OCTETS || !queued.full.is_empty() {
            (self.frames, self.octets) = (0, 0);
            tokio::task::yield_now().await;
        }
        if !queued.full.is_empty() {
            self.wait_for(queued.full).await;
        }
    }

    /// Waits until each of these queues has room, or may be waited for no longer.
    async fn wait_for(&mut self, mut full: Vec<Arc<SendQueue>>) {
        let begun = Instant::now();
        self.recover(begun);
        loop {
            let now = Instant::now();
            let may_wait = now - begun + POLL_INTERVAL <= self.client_wait;
            full.retain(|queue| match queue.standing(now) {
                Standing::Fine => false,
                Standing::Unwritten => now - begun < WRITER_TIMEOUT,
                Standing::Blocked => may_wait,
            });
            if full.is_empty() {
                break;
            }
            sleep(POLL_INTERVAL).await;
        }
        self.recovered_at = Instant::now();
        self.client_wait = self.client_wait.saturating_sub(self.recovered_at - begun);
    }

    fn recover(&mut self, now: Instant) {
        let recovered = (now - self.recovered_at) / BLOCKED_SHARE;
        self.client_wait = (self.client_wait + recovered).min(NO_PROGRESS_TIMEOUT);
        self.recovered_at = now;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::send_queue::Next;

    fn queued(frames: usize, octets: usize) -> Queued {
        Queued {
            frames,
            octets,
            full: Vec::new(),
        }
    }

    /// The order of events while so much is queued three times and another task waits.
    async fn order_of(frames: usize, octets: usize) -> Vec<&'static str> {
        let order = Mutex::new(Vec::new());
        let note = |word| order.lock().unwrap().push(word);
        let queueing = async {
            let mut budget = YieldBudget::default();
            for word in ["few", "enough", "few again"] {
                budget.charge(queued(frames, octets)).await;
                note(word);
            }
        };
        tokio::join!(queueing, async { note("others") });
        order.into_inner().unwrap()
    }

    #[tokio::test]
    async fn others_go_on_once_many_frames_are_queued_and_not_before() {
        let order = order_of(MAX_FRAMES / 2, 1).await;
        assert_eq!(order, ["few", "others", "enough", "few again"]);
    }

    #[tokio::test]
    async fn b18_others_go_on_once_many_octets_are_queued_and_not_before() {
        let order = order_of(1, MAX_OCTETS / 2).await;
        assert_eq!(order, ["few", "others", "enough", "few again"]);
    }

    /// A queue beyond its limit.
    fn full() -> Arc<SendQueue> {
        let queue = SendQueue::new(1_000);
        let frame = "x".repeat(1_000);
        assert!(queue.push(frame.into()), "it is beyond");
        Arc::new(queue)
    }

    fn with_full(queues: &[&Arc<SendQueue>]) -> Queued {
        Queued {
            full: queues.iter().map(|queue| Arc::clone(queue)).collect(),
            ..queued(1, 1)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn b18_a_writer_that_has_not_run_is_waited_for_and_its_client_is_not_slow() {
        let queue = full();
        let mut budget = YieldBudget::default();
        let begun = Instant::now();
        let writing = async {
            sleep(10 * NO_PROGRESS_TIMEOUT).await;
            assert!(matches!(queue.next(), Next::Frame(_)));
        };
        tokio::join!(budget.charge(with_full(&[&queue])), writing);
        let waited = begun.elapsed();
        assert!(
            (10 * NO_PROGRESS_TIMEOUT..WRITER_TIMEOUT).contains(&waited),
            "{waited:?}"
        );
        assert!(!queue.has_ended());
    }

    #[tokio::test(start_paused = true)]
    async fn b18_f20_a_client_that_takes_nothing_is_slow_and_holds_up_the_others_for_a_moment_once()
    {
        let queue = full();
        queue.blocked(Instant::now());
        let mut budget = YieldBudget::default();
        let begun = Instant::now();
        budget.charge(with_full(&[&queue])).await;
        let waited = begun.elapsed();
        assert!(
            (NO_PROGRESS_TIMEOUT..2 * NO_PROGRESS_TIMEOUT).contains(&waited),
            "{waited:?}"
        );
        assert!(queue.has_ended());

        // It has stalled for longer than that already: there is nothing to find out.
        let stalled = full();
        stalled.blocked(begun);
        budget.charge(with_full(&[&stalled])).await;
        assert_eq!(begun.elapsed(), waited);
        assert!(stalled.has_ended());
    }

    /// Each takes a little again and again, and never enough.
    #[tokio::test(start_paused = true)]
    async fn b18_f20_clients_that_take_too_little_hold_up_the_others_for_a_small_part_of_the_time()
    {
        let begun = Instant::now();
        let mut budget = YieldBudget::default();
        let mut held_up = Duration::ZERO;
        while begun.elapsed() < Duration::from_secs(60) {
            let queue = full();
            queue.blocked(Instant::now());
            let queueing = Instant::now();
            budget.charge(with_full(&[&queue])).await;
            held_up += queueing.elapsed();
            sleep(Duration::from_millis(5)).await;
        }
        assert!(held_up < Duration::from_secs(2), "{held_up:?}");
    }
}
