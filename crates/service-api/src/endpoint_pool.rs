//! The endpoints of one service, and the order in which a call tries them.
//!
//! Calls go round robin. An endpoint that could not be reached, or did not answer in time, is ejected: the others come
//! first for 2 s, and after each failure of the one call that then probes it for twice as long as before, up to 30 s. An
//! ejected endpoint is tried last and never left out, so no call is refused because of an ejection.

use std::{
    fmt::Display,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use colloquy_chassis::ServiceName;
use tokio::time::Instant;

const FIRST_EJECTION: Duration = Duration::from_secs(2);
const LONGEST_EJECTION: Duration = Duration::from_secs(30);
/// A probe without an outcome by then was cancelled: no call takes longer (promise P6).
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// The endpoints of one service.
pub struct EndpointPool<T> {
    service: ServiceName,
    endpoints: Vec<T>,
    /// One entry for each endpoint: how it is ejected, if it is.
    ejections: Mutex<Vec<Option<Ejection>>>,
    next: AtomicUsize,
}

#[derive(Clone, Copy)]
struct Ejection {
    until: Instant,
    /// How long the endpoint was ejected for.
    duration: Duration,
}

/// One call's try of one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    endpoint: usize,
    /// Whether the endpoint is ejected, and this call finds out how it is.
    is_probe: bool,
}

impl<T: Display> EndpointPool<T> {
    /// A pool of endpoints, all believed to be healthy.
    #[must_use]
    pub fn new(service: ServiceName, endpoints: Vec<T>) -> Self {
        Self {
            service,
            ejections: Mutex::new(vec![None; endpoints.len()]),
            endpoints,
            next: AtomicUsize::new(0),
        }
    }

    /// One attempt for each endpoint, in the order for a call that begins now. Report the outcome of each that is made,
    /// with [`EndpointPool::succeeded`] or [`EndpointPool::failed`].
    #[must_use]
    pub fn attempts(&self, now: Instant) -> Vec<Attempt> {
        let (mut probe, mut healthy, mut ejected) = (None, Vec::new(), Vec::new());
        for (endpoint, ejection) in self.ejections().iter_mut().enumerate() {
            let attempt = |is_probe| Attempt { endpoint, is_probe };
            match ejection {
                None => healthy.push(attempt(false)),
                Some(ejection) if probe.is_none() && ejection.until <= now => {
                    // One probe at a time.
                    ejection.until = now + PROBE_TIMEOUT;
                    probe = Some(attempt(true));
                }
                Some(_) => ejected.push(attempt(false)),
            }
        }
        let begin = self.next.fetch_add(1, Ordering::Relaxed);
        for attempts in [&mut healthy, &mut ejected] {
            let begin = begin.checked_rem(attempts.len()).unwrap_or_default();
            attempts.rotate_left(begin);
        }
        probe.into_iter().chain(healthy).chain(ejected).collect()
    }

    /// The endpoint that an attempt tries.
    #[must_use]
    pub fn endpoint(&self, attempt: Attempt) -> &T {
        &self.endpoints[attempt.endpoint]
    }

    /// The endpoint answered, whatever the answer is.
    pub fn succeeded(&self, attempt: Attempt) {
        if self.ejections()[attempt.endpoint].take().is_some() {
            let endpoint = self.endpoint(attempt);
            tracing::info!(service = %self.service, %endpoint, "an endpoint answers again");
        }
    }

    /// The endpoint could not be reached, or did not answer in time.
    pub fn failed(&self, attempt: Attempt, now: Instant) {
        if let Some(duration) = self.eject(attempt, now) {
            tracing::warn!(
                service = %self.service, endpoint = %self.endpoint(attempt), seconds = duration.as_secs(),
                "an endpoint does not answer; others are tried first"
            );
        }
    }

    /// For how long, if the failure says something new.
    fn eject(&self, attempt: Attempt, now: Instant) -> Option<Duration> {
        let ejection = &mut self.ejections()[attempt.endpoint];
        let duration = match ejection {
            None => FIRST_EJECTION,
            Some(earlier) if attempt.is_probe => (earlier.duration * 2).min(LONGEST_EJECTION),
            // A call that began before the ejection, or that had no other endpoint left.
            Some(_) => return None,
        };
        let until = now + duration;
        *ejection = Some(Ejection { until, duration });
        Some(duration)
    }

    fn ejections(&self) -> MutexGuard<'_, Vec<Option<Ejection>>> {
        self.ejections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> EndpointPool<&'static str> {
        EndpointPool::new(ServiceName::ChatQuery, vec!["a", "b", "c"])
    }

    /// The order in which a call tries them.
    fn order(pool: &EndpointPool<&'static str>, now: Instant) -> String {
        let attempts = pool.attempts(now).into_iter();
        attempts.map(|attempt| *pool.endpoint(attempt)).collect()
    }

    /// A call that tries this one first, and fails.
    fn fail(pool: &EndpointPool<&'static str>, endpoint: &str, now: Instant) {
        let mut attempts = pool.attempts(now);
        while *pool.endpoint(attempts[0]) != endpoint {
            attempts = pool.attempts(now);
        }
        pool.failed(attempts[0], now);
    }

    #[test]
    fn p6_calls_go_round_all_healthy_endpoints() {
        let (pool, now) = (pool(), Instant::now());
        let orders: Vec<_> = (0..4).map(|_| order(&pool, now)).collect();
        assert_eq!(orders, ["abc", "bca", "cab", "abc"]);
        fail(&pool, "b", now);
        let orders: Vec<_> = (0..3).map(|_| order(&pool, now)).collect();
        assert_eq!(orders, ["cab", "acb", "cab"]);
    }

    #[test]
    fn p6_an_endpoint_that_fails_is_ejected_for_2_s_and_twice_as_long_each_time_up_to_30_s() {
        let (pool, mut now) = (pool(), Instant::now());
        fail(&pool, "a", now);
        for seconds in [2, 4, 8, 16, 30, 30] {
            now += Duration::from_secs(seconds) - Duration::from_millis(1);
            assert!(!order(&pool, now).starts_with('a'), "{seconds}");
            now += Duration::from_millis(1);
            let probe = pool.attempts(now)[0];
            assert_eq!(*pool.endpoint(probe), "a", "{seconds}");
            pool.failed(probe, now);
        }
    }

    #[test]
    fn p6_one_call_alone_probes_an_ejected_endpoint_and_its_answer_brings_it_back() {
        let (pool, began) = (pool(), Instant::now());
        fail(&pool, "a", began);
        let now = began + FIRST_EJECTION;
        let probe = pool.attempts(now)[0];
        assert_eq!(*pool.endpoint(probe), "a");
        for _ in 0..6 {
            assert!(order(&pool, now).ends_with('a'));
        }
        pool.succeeded(probe);
        let first = |_| order(&pool, now).remove(0);
        let mut firsts: Vec<_> = (0..3).map(first).collect();
        firsts.sort_unstable();
        assert_eq!(firsts, ['a', 'b', 'c']);
    }

    #[test]
    fn p6_a_probe_that_was_cancelled_is_followed_by_another() {
        let (pool, began) = (pool(), Instant::now());
        fail(&pool, "a", began);
        let now = began + FIRST_EJECTION;
        assert!(order(&pool, now).starts_with('a'));
        assert!(order(&pool, now + PROBE_TIMEOUT).starts_with('a'));
    }

    #[test]
    fn p6_calls_that_fail_together_eject_an_endpoint_once() {
        let (pool, now) = (pool(), Instant::now());
        let attempts = pool.attempts(now);
        for _ in 0..10 {
            pool.failed(attempts[0], now);
        }
        assert!(order(&pool, now + FIRST_EJECTION).starts_with('a'));
    }

    #[test]
    fn p6_with_every_endpoint_ejected_every_one_is_tried() {
        let (pool, now) = (pool(), Instant::now());
        for endpoint in ["a", "b", "c"] {
            fail(&pool, endpoint, now);
        }
        let mut firsts = Vec::new();
        for _ in 0..3 {
            let order = order(&pool, now);
            assert_eq!(order.len(), 3);
            firsts.extend(order.chars().next());
        }
        firsts.sort_unstable();
        assert_eq!(firsts, ['a', 'b', 'c']);
    }
}
