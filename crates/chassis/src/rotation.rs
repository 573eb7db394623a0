//! Whose turn it is among the instances of a service.
//!
//! Calls go round. An instance that could not be reached, or did not answer in time, is set aside while others are there:
//! for 2 s, and after each failure of the one call that then tries it for twice as long as before, up to 30 s. No call is
//! refused because of that: those that are set aside come last, not never.

use std::{
    fmt::Display,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::ServiceName;

/// How long an instance is set aside at first.
const FIRST: Duration = Duration::from_secs(2);
/// It is tried again after this long at the latest.
const CEILING: Duration = Duration::from_secs(30);
/// A trial of which nothing is known by then was given up: no call takes longer (promise P6).
const TRIAL: Duration = Duration::from_secs(5);

/// The instances of one service.
pub struct Rotation<T> {
    service: ServiceName,
    instances: Vec<T>,
    /// Of each instance.
    aside: Mutex<Vec<Option<Aside>>>,
    next: AtomicUsize,
}

#[derive(Clone, Copy)]
struct Aside {
    until: Instant,
    /// How long it was set aside for.
    wait: Duration,
}

/// One of the instances, when it is tried by one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    instance: usize,
    /// Whether it was set aside, and this call finds out how it is.
    is_trial: bool,
}

impl<T: Display> Rotation<T> {
    /// These, all believed to be well.
    #[must_use]
    pub fn new(service: ServiceName, instances: Vec<T>) -> Self {
        Self {
            service,
            aside: Mutex::new(vec![None; instances.len()]),
            instances,
            next: AtomicUsize::new(0),
        }
    }

    /// Every instance, in the order in which a call that begins now tries them. Tell what became of each that was tried.
    #[must_use]
    pub fn turns(&self, now: Instant) -> Vec<Turn> {
        let (mut trial, mut well, mut last) = (None, Vec::new(), Vec::new());
        for (instance, aside) in self.aside().iter_mut().enumerate() {
            let turn = |is_trial| Turn { instance, is_trial };
            match aside {
                None => well.push(turn(false)),
                Some(aside) if trial.is_none() && aside.until <= now => {
                    // Others leave it alone meanwhile.
                    aside.until = now + TRIAL;
                    trial = Some(turn(true));
                }
                Some(_) => last.push(turn(false)),
            }
        }
        let begin = self.next.fetch_add(1, Ordering::Relaxed);
        for turns in [&mut well, &mut last] {
            let begin = begin.checked_rem(turns.len()).unwrap_or_default();
            turns.rotate_left(begin);
        }
        trial.into_iter().chain(well).chain(last).collect()
    }

    /// Whose turn this is.
    #[must_use]
    pub fn instance(&self, turn: Turn) -> &T {
        &self.instances[turn.instance]
    }

    /// It answered, whatever it said.
    pub fn answered(&self, turn: Turn) {
        if self.aside()[turn.instance].take().is_some() {
            let instance = self.instance(turn);
            tracing::info!(service = %self.service, %instance, "an instance answers again");
        }
    }

    /// It could not be reached, or did not answer in time.
    pub fn failed(&self, turn: Turn, now: Instant) {
        let Some(wait) = self.set_aside(turn, now) else {
            return;
        };
        let instance = self.instance(turn);
        tracing::warn!(
            service = %self.service, %instance, seconds = wait.as_secs(),
            "an instance does not answer; others are tried first"
        );
    }

    /// Answers for how long.
    fn set_aside(&self, turn: Turn, now: Instant) -> Option<Duration> {
        let aside = &mut self.aside()[turn.instance];
        let wait = match aside {
            None => FIRST,
            Some(earlier) if turn.is_trial => (earlier.wait * 2).min(CEILING),
            // A call that had begun before, or that found nobody else, tells nothing new.
            Some(_) => return None,
        };
        let until = now + wait;
        *aside = Some(Aside { until, wait });
        Some(wait)
    }

    fn aside(&self) -> MutexGuard<'_, Vec<Option<Aside>>> {
        self.aside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotation() -> Rotation<&'static str> {
        Rotation::new(ServiceName::ChatQuery, vec!["a", "b", "c"])
    }

    /// The order in which a call tries them.
    fn order(rotation: &Rotation<&'static str>, now: Instant) -> String {
        let turns = rotation.turns(now).into_iter();
        turns.map(|turn| *rotation.instance(turn)).collect()
    }

    /// A call that tries this one first, and fails.
    fn fail(rotation: &Rotation<&'static str>, instance: &str, now: Instant) {
        let mut turns = rotation.turns(now);
        while *rotation.instance(turns[0]) != instance {
            turns = rotation.turns(now);
        }
        rotation.failed(turns[0], now);
    }

    #[test]
    fn p6_calls_go_round_all_instances_that_are_well() {
        let (rotation, now) = (rotation(), Instant::now());
        let orders: Vec<_> = (0..4).map(|_| order(&rotation, now)).collect();
        assert_eq!(orders, ["abc", "bca", "cab", "abc"]);
        fail(&rotation, "b", now);
        let orders: Vec<_> = (0..3).map(|_| order(&rotation, now)).collect();
        assert_eq!(orders, ["cab", "acb", "cab"]);
    }

    #[test]
    fn p6_an_instance_that_fails_is_set_aside_for_2_s_and_twice_as_long_each_time_up_to_30_s() {
        let (rotation, mut now) = (rotation(), Instant::now());
        fail(&rotation, "a", now);
        for seconds in [2, 4, 8, 16, 30, 30] {
            now += Duration::from_secs(seconds) - Duration::from_millis(1);
            assert!(!order(&rotation, now).starts_with('a'), "{seconds}");
            now += Duration::from_millis(1);
            let trial = rotation.turns(now)[0];
            assert_eq!(*rotation.instance(trial), "a", "{seconds}");
            rotation.failed(trial, now);
        }
    }

    #[test]
    fn p6_one_call_alone_tries_an_instance_that_was_set_aside_and_its_answer_brings_it_back() {
        let (rotation, began) = (rotation(), Instant::now());
        fail(&rotation, "a", began);
        let now = began + FIRST;
        let trial = rotation.turns(now)[0];
        assert_eq!(*rotation.instance(trial), "a");
        for _ in 0..6 {
            assert!(order(&rotation, now).ends_with('a'));
        }
        rotation.answered(trial);
        let first = |_| order(&rotation, now).remove(0);
        let mut firsts: Vec<_> = (0..3).map(first).collect();
        firsts.sort_unstable();
        assert_eq!(firsts, ['a', 'b', 'c']);
    }

    #[test]
    fn p6_a_trial_that_was_given_up_is_followed_by_another() {
        let (rotation, began) = (rotation(), Instant::now());
        fail(&rotation, "a", began);
        let now = began + FIRST;
        assert!(order(&rotation, now).starts_with('a'));
        assert!(order(&rotation, now + TRIAL).starts_with('a'));
    }

    #[test]
    fn p6_calls_that_fail_together_set_an_instance_aside_once() {
        let (rotation, now) = (rotation(), Instant::now());
        let turns = rotation.turns(now);
        for _ in 0..10 {
            rotation.failed(turns[0], now);
        }
        assert!(order(&rotation, now + FIRST).starts_with('a'));
    }

    #[test]
    fn p6_with_every_instance_set_aside_every_one_is_tried() {
        let (rotation, now) = (rotation(), Instant::now());
        for instance in ["a", "b", "c"] {
            fail(&rotation, instance, now);
        }
        let mut firsts = Vec::new();
        for _ in 0..3 {
            let order = order(&rotation, now);
            assert_eq!(order.len(), 3);
            firsts.extend(order.chars().next());
        }
        firsts.sort_unstable();
        assert_eq!(firsts, ['a', 'b', 'c']);
    }
}
