//! The presence of this node's sessions, and the calls that bring the store in step with it. Pure: no store and no clock.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use tokio::time::Instant;

use super::{Times, presence_key::PresenceKey};

/// A call of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// This node joins the set, for so long.
    Join(PresenceKey, Duration),
    /// This node leaves the set.
    Leave(PresenceKey),
}

/// Which sessions of this node claim which keys.
#[derive(Debug)]
pub struct LocalPresence {
    times: Times,
    keys: HashMap<PresenceKey, Claimed>,
    /// The keys in the order of their next calls.
    due: BTreeSet<(Instant, PresenceKey)>,
}

#[derive(Debug, Default)]
struct Claimed {
    /// Sessions, each with the end of its claim if that is before the session's.
    by: Vec<(u64, Option<Instant>)>,
    /// Whether the store may have this node in the set.
    may_be_joined: bool,
    joined_at: Option<Instant>,
    /// When the next call is due; none while one is under way.
    due_at: Option<Instant>,
}

impl LocalPresence {
    /// No session claims anything.
    #[must_use]
    pub fn new(times: Times) -> Self {
        Self {
            times,
            keys: HashMap::new(),
            due: BTreeSet::new(),
        }
    }

    /// A session claims a key until then, or until it releases it.
    pub fn claim(&mut self, key: PresenceKey, session: u64, until: Option<Instant>, now: Instant) {
        let by = &mut self.keys.entry(key).or_default().by;
        match by.iter_mut().find(|(claimant, _)| *claimant == session) {
            Some((_, end)) => *end = until,
            None => by.push((session, until)),
        }
        self.schedule(key, now);
    }

    /// A session releases a key.
    pub fn release(&mut self, key: PresenceKey, session: u64, now: Instant) {
        let Some(claimed) = self.keys.get_mut(&key) else {
            return;
        };
        claimed.by.retain(|(claimant, _)| *claimant != session);
        match (claimed.by.is_empty(), claimed.may_be_joined) {
            (true, true) => self.schedule(key, now),
            // Claimed and released before the store knew.
            (true, false) => self.forget(key),
            (false, _) => {}
        }
    }

    /// A key is to be joined again, unless that was in the last quarter of the interval after which it is anyway.
    pub fn renew(&mut self, key: PresenceKey, now: Instant) {
        let long_ago = |at: Instant| at + self.times.renew / 4 <= now;
        let claimed = self.keys.get(&key);
        if claimed.is_some_and(|claimed| claimed.joined_at.is_some_and(long_ago)) {
            self.schedule(key, now);
        }
    }

    /// The calls that are due, at most so many. [`LocalPresence::done`] takes the outcome of each.
    pub fn next(&mut self, now: Instant, limit: usize) -> Vec<Call> {
        let mut calls = Vec::new();
        while calls.len() < limit
            && let Some(&(at, key)) = self.due.first()
            && at <= now
        {
            self.due.pop_first();
            calls.extend(self.call(key, now));
        }
        calls
    }

    /// A call has succeeded or failed; after a failure the key is due again.
    pub fn done(&mut self, call: Call, succeeded: bool, now: Instant) {
        let (Call::Join(key, _) | Call::Leave(key)) = call;
        let Some(claimed) = self.keys.get_mut(&key) else {
            return;
        };
        match call {
            _ if !succeeded => self.schedule(key, now),
            Call::Join(..) => {
                claimed.joined_at = Some(now);
                let at = last_end(&claimed.by).map_or(now + self.times.renew, |end| end.max(now));
                self.schedule(key, at);
            }
            Call::Leave(_) => {
                claimed.may_be_joined = false;
                if claimed.by.is_empty() {
                    self.forget(key);
                }
            }
        }
    }

    /// When [`LocalPresence::next`] has a call, if no session claims or releases anything before.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Whether no key is claimed, and no call is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn call(&mut self, key: PresenceKey, now: Instant) -> Option<Call> {
        let claimed = self.keys.get_mut(&key)?;
        claimed.due_at = None;
        claimed
            .by
            .retain(|(_, until)| until.is_none_or(|until| until > now));
        if !claimed.by.is_empty() {
            claimed.may_be_joined = true;
            let left = last_end(&claimed.by).map_or(self.times.online, |end| end - now);
            return Some(Call::Join(key, left));
        }
        if claimed.may_be_joined {
            return Some(Call::Leave(key));
        }
        self.forget(key);
        None
    }

    /// The next call about a key is due at this instant, unless one is due before.
    fn schedule(&mut self, key: PresenceKey, at: Instant) {
        if let Some(claimed) = self.keys.get_mut(&key)
            && claimed.due_at.is_none_or(|due| at < due)
        {
            let before = claimed.due_at.replace(at);
            self.due.insert((at, key));
            self.unschedule(key, before);
        }
    }

    fn forget(&mut self, key: PresenceKey) {
        let forgotten = self.keys.remove(&key);
        self.unschedule(key, forgotten.and_then(|claimed| claimed.due_at));
    }

    fn unschedule(&mut self, key: PresenceKey, at: Option<Instant>) {
        if let Some(at) = at {
            self.due.remove(&(at, key));
        }
    }
}

/// When the last claim ends; `None` if one lasts as long as its session.
fn last_end(by: &[(u64, Option<Instant>)]) -> Option<Instant> {
    by.iter()
        .map(|(_, end)| *end)
        .try_fold(None, |last, end| end.map(|end| last.max(Some(end))))
        .flatten()
}

#[cfg(test)]
mod tests {
    use colloquy_contracts::{CustomerId, RoomId};

    use super::*;

    const ALICE: PresenceKey = PresenceKey::Online(CustomerId(1));
    const TYPING: PresenceKey = PresenceKey::Typing(RoomId(1), CustomerId(1));
    const SECOND: Duration = Duration::from_secs(1);

    fn local() -> (LocalPresence, Instant) {
        (LocalPresence::new(Times::default()), Instant::now())
    }

    /// Makes all calls that are due, successfully.
    fn settle(local: &mut LocalPresence, now: Instant) -> Vec<Call> {
        let mut made = Vec::new();
        loop {
            let calls = local.next(now, 2);
            if calls.is_empty() {
                return made;
            }
            for call in calls {
                local.done(call, true, now);
                made.push(call);
            }
        }
    }

    fn joined(key: PresenceKey, seconds: u32) -> Call {
        Call::Join(key, seconds * SECOND)
    }

    #[test]
    fn decision_19_only_the_last_session_of_a_node_leaves() {
        let (mut local, now) = local();
        for session in [1, 2] {
            local.claim(ALICE, session, None, now);
        }
        assert_eq!(settle(&mut local, now), [joined(ALICE, 120)]);
        local.release(ALICE, 1, now);
        local.release(ALICE, 1, now);
        assert_eq!(settle(&mut local, now), []);
        local.release(ALICE, 2, now);
        assert_eq!(settle(&mut local, now), [Call::Leave(ALICE)]);
        assert!(local.is_empty());
        assert_eq!(local.next_due(), None);
    }

    #[test]
    fn stomp_n9_a_quick_connect_and_disconnect_makes_no_call_and_leaves_nothing() {
        let (mut local, now) = local();
        for session in 0..10_000 {
            local.claim(ALICE, session, None, now);
            local.release(ALICE, session, now);
        }
        assert_eq!(settle(&mut local, now), []);
        assert!(local.is_empty() && local.due.is_empty());
    }

    #[test]
    fn decision_19_presence_is_renewed_in_time_and_not_on_every_frame() {
        let (mut local, now) = local();
        local.claim(ALICE, 1, None, now);
        settle(&mut local, now);
        local.renew(ALICE, now + SECOND);
        assert_eq!(settle(&mut local, now + 19 * SECOND), []);
        assert_eq!(local.next_due(), Some(now + 20 * SECOND));
        assert_eq!(settle(&mut local, now + 20 * SECOND), [joined(ALICE, 120)]);
        local.renew(ALICE, now + 26 * SECOND);
        assert_eq!(settle(&mut local, now + 26 * SECOND), [joined(ALICE, 120)]);
        assert_eq!(local.next_due(), Some(now + 46 * SECOND));
    }

    #[test]
    fn f17_a_call_that_failed_is_made_again_with_the_state_of_then() {
        let (mut local, now) = local();
        local.claim(ALICE, 1, None, now);
        for _ in 0..2 {
            let calls = local.next(now, 64);
            assert_eq!(calls, [joined(ALICE, 120)]);
            local.done(calls[0], false, now);
        }
        local.release(ALICE, 1, now);
        // Whether the first call took effect is not known.
        assert_eq!(settle(&mut local, now), [Call::Leave(ALICE)]);
        assert!(local.is_empty());
    }

    #[test]
    fn decision_19_a_change_while_a_call_is_under_way_follows_it() {
        let (mut local, now) = local();
        local.claim(ALICE, 1, None, now);
        let call = local.next(now, 64)[0];
        local.release(ALICE, 1, now);
        local.done(call, true, now);
        let call = local.next(now, 64)[0];
        assert_eq!(call, Call::Leave(ALICE));
        local.claim(ALICE, 2, None, now);
        local.done(call, true, now);
        assert_eq!(settle(&mut local, now), [joined(ALICE, 120)]);
    }

    #[test]
    fn contract_5_typing_ends_two_seconds_after_its_last_frame() {
        let (mut local, now) = local();
        local.claim(TYPING, 1, Some(now + 2 * SECOND), now);
        assert_eq!(settle(&mut local, now), [joined(TYPING, 2)]);
        local.claim(TYPING, 1, Some(now + 3 * SECOND), now);
        assert_eq!(settle(&mut local, now + SECOND), [joined(TYPING, 2)]);
        assert_eq!(local.next_due(), Some(now + 3 * SECOND));
        assert_eq!(settle(&mut local, now + 3 * SECOND), [Call::Leave(TYPING)]);
        assert!(local.is_empty());
    }

    #[test]
    fn contract_5_typing_ends_with_the_last_session_that_types() {
        let (mut local, now) = local();
        for session in [1, 2] {
            local.claim(TYPING, session, Some(now + 2 * SECOND), now);
        }
        settle(&mut local, now);
        local.release(TYPING, 1, now);
        assert_eq!(settle(&mut local, now), []);
        local.release(TYPING, 2, now);
        assert_eq!(settle(&mut local, now), [Call::Leave(TYPING)]);
    }
}
