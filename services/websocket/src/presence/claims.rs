//! What this node's sessions want the store to hold, what it has been told, and what is to be told next. Pure: no store
//! and no clock.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::{Times, sign::Sign};

/// What the store is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// This node shows the sign, for so long.
    Join(Sign, Duration),
    /// It no longer does.
    Leave(Sign),
}

/// The claims of this node's sessions.
#[derive(Debug)]
pub struct Claims {
    times: Times,
    signs: HashMap<Sign, Claimed>,
    queue: VecDeque<Sign>,
    alarms: BTreeSet<(Instant, Sign)>,
}

#[derive(Debug, Default)]
struct Claimed {
    /// Sessions, each with the end of its claim if that has one before the session's.
    by: Vec<(u64, Option<Instant>)>,
    queued: bool,
    /// Whether the store may hold it.
    told: bool,
    told_at: Option<Instant>,
    alarm: Option<Instant>,
}

impl Claims {
    /// None yet.
    #[must_use]
    pub fn new(times: Times) -> Self {
        Self {
            times,
            signs: HashMap::new(),
            queue: VecDeque::new(),
            alarms: BTreeSet::new(),
        }
    }

    /// A session wants the sign shown until then, or until it ends.
    pub fn claim(&mut self, sign: Sign, session: u64, until: Option<Instant>) {
        let by = &mut self.signs.entry(sign).or_default().by;
        match by.iter_mut().find(|(claimant, _)| *claimant == session) {
            Some((_, end)) => *end = until,
            None => by.push((session, until)),
        }
        self.queue(sign);
    }

    /// A session does not want it any more.
    pub fn release(&mut self, sign: Sign, session: u64) {
        let Some(claimed) = self.signs.get_mut(&sign) else {
            return;
        };
        claimed.by.retain(|(claimant, _)| *claimant != session);
        match (claimed.by.is_empty(), claimed.told) {
            (true, true) => self.queue(sign),
            // Came and went before the store heard of it.
            (true, false) => self.forget(sign),
            (false, _) => {}
        }
    }

    /// The sign is to be told again, unless it was only just: in the last quarter of the time after which it is anyway.
    pub fn renew(&mut self, sign: Sign, now: Instant) {
        let long_ago = |at: Instant| at + self.times.renew / 4 <= now;
        let claimed = self.signs.get(&sign);
        if claimed.is_some_and(|claimed| claimed.told_at.is_some_and(long_ago)) {
            self.queue(sign);
        }
    }

    /// What the store is to be told now, at most so much. Each call is to be followed by [`Claims::done`].
    pub fn next(&mut self, now: Instant, limit: usize) -> Vec<Call> {
        while let Some(&(at, sign)) = self.alarms.first()
            && at <= now
        {
            self.alarms.pop_first();
            if let Some(claimed) = self.signs.get_mut(&sign) {
                claimed.alarm = None;
            }
            self.queue(sign);
        }
        let mut calls = Vec::new();
        while calls.len() < limit
            && let Some(sign) = self.queue.pop_front()
        {
            calls.extend(self.call(sign, now));
        }
        calls
    }

    /// A call has succeeded or failed; what failed is to be told again.
    pub fn done(&mut self, call: Call, succeeded: bool, now: Instant) {
        let (Call::Join(sign, _) | Call::Leave(sign)) = call;
        if !succeeded {
            self.queue(sign);
            return;
        }
        let Some(claimed) = self.signs.get_mut(&sign) else {
            return;
        };
        match call {
            Call::Join(..) => {
                claimed.told_at = Some(now);
                let at = last_end(&claimed.by).map_or(now + self.times.renew, |end| end.max(now));
                self.set_alarm(sign, Some(at));
            }
            Call::Leave(_) => {
                claimed.told = false;
                if claimed.by.is_empty() {
                    self.forget(sign);
                }
            }
        }
    }

    /// When [`Claims::next`] will have something though nobody claims or releases anything.
    #[must_use]
    pub fn next_alarm(&self) -> Option<Instant> {
        self.alarms.first().map(|(at, _)| *at)
    }

    /// Whether nothing is claimed, and nothing is left to be told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.signs.is_empty()
    }

    fn call(&mut self, sign: Sign, now: Instant) -> Option<Call> {
        let claimed = self.signs.get_mut(&sign)?;
        claimed.queued = false;
        claimed
            .by
            .retain(|(_, until)| until.is_none_or(|until| until > now));
        if !claimed.by.is_empty() {
            claimed.told = true;
            let left = last_end(&claimed.by).map_or(self.times.online, |end| end - now);
            return Some(Call::Join(sign, left));
        }
        if claimed.told {
            return Some(Call::Leave(sign));
        }
        self.forget(sign);
        None
    }

    fn queue(&mut self, sign: Sign) {
        if let Some(claimed) = self.signs.get_mut(&sign)
            && !std::mem::replace(&mut claimed.queued, true)
        {
            self.queue.push_back(sign);
        }
    }

    fn set_alarm(&mut self, sign: Sign, at: Option<Instant>) {
        if let Some(claimed) = self.signs.get_mut(&sign) {
            let before = std::mem::replace(&mut claimed.alarm, at);
            self.alarms.extend(at.map(|at| (at, sign)));
            if let Some(before) = before.filter(|before| Some(*before) != at) {
                self.alarms.remove(&(before, sign));
            }
        }
    }

    fn forget(&mut self, sign: Sign) {
        self.set_alarm(sign, None);
        self.signs.remove(&sign);
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

    const ALICE: Sign = Sign::Online(CustomerId(1));
    const TYPING: Sign = Sign::Typing(RoomId(1), CustomerId(1));
    const SECOND: Duration = Duration::from_secs(1);

    fn claims() -> (Claims, Instant) {
        (Claims::new(Times::default()), Instant::now())
    }

    /// Carries out everything that is to be told, successfully.
    fn settle(claims: &mut Claims, now: Instant) -> Vec<Call> {
        let mut told = Vec::new();
        loop {
            let calls = claims.next(now, 2);
            if calls.is_empty() {
                return told;
            }
            for call in calls {
                claims.done(call, true, now);
                told.push(call);
            }
        }
    }

    fn joined(sign: Sign, seconds: u32) -> Call {
        Call::Join(sign, seconds * SECOND)
    }

    #[test]
    fn decision_19_only_the_last_session_of_a_node_leaves() {
        let (mut claims, now) = claims();
        for session in [1, 2] {
            claims.claim(ALICE, session, None);
        }
        assert_eq!(settle(&mut claims, now), [joined(ALICE, 120)]);
        claims.release(ALICE, 1);
        claims.release(ALICE, 1);
        assert_eq!(settle(&mut claims, now), []);
        claims.release(ALICE, 2);
        assert_eq!(settle(&mut claims, now), [Call::Leave(ALICE)]);
        assert!(claims.is_empty());
        assert_eq!(claims.next_alarm(), None);
    }

    #[test]
    fn stomp_n9_who_comes_and_goes_quickly_is_not_told_of_and_leaves_nothing() {
        let (mut claims, now) = claims();
        for session in 0..10_000 {
            claims.claim(ALICE, session, None);
            claims.release(ALICE, session);
        }
        assert_eq!(settle(&mut claims, now), []);
        assert!(claims.is_empty() && claims.queue.is_empty());
    }

    #[test]
    fn decision_19_who_is_online_is_renewed_in_time_and_not_on_every_word() {
        let (mut claims, now) = claims();
        claims.claim(ALICE, 1, None);
        settle(&mut claims, now);
        claims.renew(ALICE, now + SECOND);
        assert_eq!(settle(&mut claims, now + 19 * SECOND), []);
        assert_eq!(claims.next_alarm(), Some(now + 20 * SECOND));
        assert_eq!(settle(&mut claims, now + 20 * SECOND), [joined(ALICE, 120)]);
        claims.renew(ALICE, now + 26 * SECOND);
        assert_eq!(settle(&mut claims, now + 26 * SECOND), [joined(ALICE, 120)]);
        assert_eq!(claims.next_alarm(), Some(now + 46 * SECOND));
    }

    #[test]
    fn f17_what_failed_is_told_again_as_it_is_then() {
        let (mut claims, now) = claims();
        claims.claim(ALICE, 1, None);
        for _ in 0..2 {
            let calls = claims.next(now, 64);
            assert_eq!(calls, [joined(ALICE, 120)]);
            claims.done(calls[0], false, now);
        }
        claims.release(ALICE, 1);
        // Whether the store heard the first call is not known.
        assert_eq!(settle(&mut claims, now), [Call::Leave(ALICE)]);
        assert!(claims.is_empty());
    }

    #[test]
    fn decision_19_what_changes_while_a_call_is_under_way_follows_it() {
        let (mut claims, now) = claims();
        claims.claim(ALICE, 1, None);
        let call = claims.next(now, 64)[0];
        claims.release(ALICE, 1);
        claims.done(call, true, now);
        let call = claims.next(now, 64)[0];
        assert_eq!(call, Call::Leave(ALICE));
        claims.claim(ALICE, 2, None);
        claims.done(call, true, now);
        assert_eq!(settle(&mut claims, now), [joined(ALICE, 120)]);
    }

    #[test]
    fn contract_5_typing_ends_two_seconds_after_it_was_said_last() {
        let (mut claims, now) = claims();
        claims.claim(TYPING, 1, Some(now + 2 * SECOND));
        assert_eq!(settle(&mut claims, now), [joined(TYPING, 2)]);
        claims.claim(TYPING, 1, Some(now + 3 * SECOND));
        assert_eq!(settle(&mut claims, now + SECOND), [joined(TYPING, 2)]);
        assert_eq!(claims.next_alarm(), Some(now + 3 * SECOND));
        assert_eq!(settle(&mut claims, now + 3 * SECOND), [Call::Leave(TYPING)]);
        assert!(claims.is_empty());
    }

    #[test]
    fn contract_5_typing_ends_with_the_last_session_that_types() {
        let (mut claims, now) = claims();
        for session in [1, 2] {
            claims.claim(TYPING, session, Some(now + 2 * SECOND));
        }
        settle(&mut claims, now);
        claims.release(TYPING, 1);
        assert_eq!(settle(&mut claims, now), []);
        claims.release(TYPING, 2);
        assert_eq!(settle(&mut claims, now), [Call::Leave(TYPING)]);
    }
}
