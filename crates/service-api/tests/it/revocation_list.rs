//! The copy of the revocation log, against a feed that can be away.

use std::{
    collections::VecDeque,
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use colloquy_chassis::{Lifecycle, ServiceName, clock::ManualClock, readiness::Readiness};
use colloquy_contracts::{CustomerId, SessionNumber, Timestamp};
use colloquy_credentials::{
    identity::{Caller, SessionId},
    session_verifier::Session,
};
use colloquy_service_api::{
    CallError, RevocationFeed, RevocationList,
    revocation_list::GOOD_FOR,
    revocations::{BEGINNING, Ended, Reading, Revocation, Revocations},
};
use tokio::time::{Instant, advance, sleep};

const AN: CustomerId = CustomerId(1);
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A log in memory. What it is to answer, and after which numbers it was asked.
#[derive(Default)]
struct Feed {
    answers: Mutex<VecDeque<Revocations>>,
    asked: Mutex<Vec<i64>>,
}

#[async_trait]
impl RevocationFeed for Feed {
    async fn read(&self, reading: &Reading) -> Result<Revocations, CallError> {
        self.asked.lock().unwrap().push(reading.after);
        let answer = self.answers.lock().unwrap().pop_front();
        answer.ok_or(CallError::Unavailable(ServiceName::Auth, None))
    }
}

fn session(id: u128) -> Session {
    Session {
        caller: Caller {
            customer_id: AN,
            full_name: "An".to_owned(),
            session_id: SessionId::from_bits(id),
        },
        number: SessionNumber(4),
        expires_at: Timestamp::from_millis(NOW.millis() + 60_000),
    }
}

fn entry(number: i64, ended: Ended) -> Revocation {
    Revocation {
        number,
        customer_id: AN,
        ended,
        expires_at: NOW,
    }
}

fn end_of(id: u128) -> Ended {
    Ended::Session {
        session_id: SessionId::from_bits(id),
    }
}

fn read(revocations: Vec<Revocation>, up_to: i64, is_end: bool) -> Revocations {
    Revocations {
        revocations,
        up_to,
        is_end,
    }
}

#[tokio::test(start_paused = true)]
async fn decision_23_a_copy_decides_for_two_seconds_from_when_it_was_asked_for() {
    let list = RevocationList::default();
    assert!(list.is_revoked(&session(1)).is_err(), "nothing was read");
    let asked_at = Instant::now();
    advance(Duration::from_millis(700)).await;
    list.apply(&read(vec![], 0, true), asked_at);
    assert!(!list.is_revoked(&session(1)).unwrap());
    advance(Duration::from_millis(1300)).await;
    assert!(!list.is_revoked(&session(1)).unwrap());
    advance(Duration::from_millis(1)).await;
    assert!(list.is_revoked(&session(1)).is_err());
    list.apply(&read(vec![entry(1, end_of(1))], 1, true), Instant::now());
    assert!(list.is_revoked(&session(1)).unwrap());
    assert!(!list.is_revoked(&session(2)).unwrap());
}

#[tokio::test(start_paused = true)]
async fn decision_23_half_a_log_decides_nothing() {
    let list = RevocationList::default();
    list.apply(&read(vec![entry(1, end_of(1))], 1, false), Instant::now());
    assert!(list.is_revoked(&session(1)).is_err());
    list.apply(&read(vec![entry(2, end_of(2))], 2, true), Instant::now());
    for id in [1, 2] {
        assert!(list.is_revoked(&session(id)).unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn decision_23_earlier_sessions_end_but_for_the_one_that_goes_on() {
    let list = RevocationList::default();
    let ended = Ended::EarlierSessions {
        before: SessionNumber(5),
        except: Some(SessionId::from_bits(1)),
    };
    list.apply(&read(vec![entry(1, ended)], 1, true), Instant::now());
    assert!(!list.is_revoked(&session(1)).unwrap());
    assert!(list.is_revoked(&session(2)).unwrap());
    let later = Session {
        number: SessionNumber(5),
        ..session(2)
    };
    assert!(!list.is_revoked(&later).unwrap());
    let mut others = session(2);
    others.caller.customer_id = CustomerId(2);
    assert!(!list.is_revoked(&others).unwrap());
}

#[tokio::test(start_paused = true)]
async fn decision_23_the_whole_log_is_read_before_readiness_opens_and_then_followed() {
    let feed = Arc::new(Feed::default());
    feed.answers.lock().unwrap().extend([
        read(vec![entry(1, end_of(1))], 1, false),
        read(vec![entry(2, end_of(2))], 2, true),
        // A restored backup: the log is shorter, and is read again.
        read(vec![], 1, true),
        read(vec![entry(1, end_of(1)), entry(2, end_of(3))], 2, true),
    ]);
    let (lifecycle, readiness) = (Lifecycle::default(), Readiness::default());
    let list = RevocationList::follow(
        feed.clone(),
        Arc::new(ManualClock::at(NOW)),
        readiness.gate("revocations"),
        &lifecycle.tasks(),
    );
    assert_eq!(readiness.waiting_for(), ["revocations"]);
    let mut changes = list.changes();
    while !list.is_revoked(&session(3)).unwrap_or(false) {
        changes.changed().await.unwrap();
    }
    assert_eq!(readiness.waiting_for(), [""; 0]);
    for id in [1, 2, 3] {
        assert!(list.is_revoked(&session(id)).unwrap());
    }
    // Nothing answers any more.
    sleep(GOOD_FOR + Duration::from_secs(1)).await;
    assert!(list.is_revoked(&session(3)).is_err());
    let asked = feed.asked.lock().unwrap();
    assert_eq!(asked[..5], [BEGINNING, 1, 2, BEGINNING, 2]);
    assert!(asked.len() > 6, "it asks again and again: {asked:?}");
}

/// Answers after the 0.5 s that a feed may take, but hangs at these questions.
struct Hanging {
    at: [usize; 3],
    asked: AtomicUsize,
}

#[async_trait]
impl RevocationFeed for Hanging {
    async fn read(&self, _: &Reading) -> Result<Revocations, CallError> {
        let nth = self.asked.fetch_add(1, Ordering::SeqCst);
        if self.at.contains(&nth) {
            pending::<()>().await;
        }
        sleep(Duration::from_millis(500)).await;
        Ok(read(vec![], 0, true))
    }
}

#[tokio::test(start_paused = true)]
async fn p6_while_one_of_two_instances_hangs_the_copy_is_never_too_old() {
    // It has its turn, and is tried again after 2 s and after 4 s.
    let at = [1, 9, 23];
    let asked = AtomicUsize::new(0);
    let feed = Arc::new(Hanging { at, asked });
    let (lifecycle, readiness) = (Lifecycle::default(), Readiness::default());
    let list = RevocationList::follow(
        feed.clone(),
        Arc::new(ManualClock::at(NOW)),
        readiness.gate("revocations"),
        &lifecycle.tasks(),
    );
    sleep(Duration::from_millis(501)).await;
    while feed.asked.load(Ordering::SeqCst) < 30 {
        let nth = feed.asked.load(Ordering::SeqCst);
        assert!(list.is_revoked(&session(1)).is_ok(), "question {nth}");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn b05_entries_are_dropped_that_had_expired_for_two_stretches_of_an_hour() {
    let feed = Arc::new(Feed::default());
    let expired = entry(1, end_of(1));
    let alive = Revocation {
        expires_at: Timestamp::from_millis(NOW.millis() + 1),
        ..entry(2, end_of(2))
    };
    let answer = read(vec![expired, alive], 2, true);
    feed.answers.lock().unwrap().push_back(answer);
    let (lifecycle, readiness) = (Lifecycle::default(), Readiness::default());
    let list = RevocationList::follow(
        feed,
        Arc::new(ManualClock::at(NOW)),
        readiness.gate("revocations"),
        &lifecycle.tasks(),
    );
    sleep(Duration::from_secs(1)).await;
    let lists = |id| list.lists((&session(id)).into());
    assert!(lists(1) && lists(2));
    sleep(Duration::from_secs(60)).await;
    assert!(lists(1), "a clock that is ahead for a minute drops nothing");
    sleep(Duration::from_secs(2 * 60 * 60)).await;
    assert!(!lists(1) && lists(2));
}
