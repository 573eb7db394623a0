//! The relay between an outbox and an event log that are both in memory.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use colloquy_chassis::Lifecycle;
use colloquy_chat_command::{
    outbox::{Backlog, Lease, Outbox, Unpublished},
    relay,
};
use colloquy_contracts::{RoomId, Topic};
use colloquy_event_log::NewEvent;
use colloquy_sql::StoreError;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use uuid::Uuid;

use crate::{log::MemoryLog, relay::is_empty};

/// What only a defect exceeds.
const SOON: Duration = Duration::from_secs(8);

/// How it is answered how much waits.
#[derive(Clone, Copy, Default)]
enum Backlogs {
    #[default]
    Answered,
    Failing,
    Hanging,
}

/// No relay is ever notified: they poll.
#[derive(Default)]
struct MemoryOutbox {
    rows: Mutex<BTreeMap<i64, NewEvent>>,
    held_elsewhere: AtomicBool,
    /// How often it was asked what waits.
    read: AtomicUsize,
    backlogs: Mutex<Backlogs>,
    /// How often it was asked how much waits.
    backlogs_asked: watch::Sender<usize>,
    /// When the lease was asked for, and for how long.
    asked: watch::Sender<Vec<(Instant, Duration)>>,
}

impl MemoryOutbox {
    /// One event of each of these rooms, in this order.
    fn of(rooms: &[i64]) -> Arc<Self> {
        let outbox = Self::default();
        outbox.add(rooms);
        Arc::new(outbox)
    }

    /// As above, and answers the ids.
    fn add(&self, rooms: &[i64]) -> Vec<String> {
        let event = |room: &i64| NewEvent {
            topic: Topic::ChatMessageSent,
            room_id: RoomId(*room),
            event_id: Uuid::new_v4().to_string(),
            payload: "{}".into(),
            replayed: false,
            version: None,
            traceparent: None,
        };
        let events: Vec<_> = rooms.iter().map(event).collect();
        let ids = events.iter().map(|event| event.event_id.clone()).collect();
        let mut rows = self.rows.lock().unwrap();
        let last = rows.keys().last().copied().unwrap_or_default();
        rows.extend((last + 1..).zip(events));
        ids
    }

    /// The ids of what waits for a room.
    fn of_room(&self, room: RoomId) -> Vec<String> {
        let rows = self.rows.lock().unwrap();
        let of_room = rows.values().filter(|event| event.room_id == room);
        of_room.map(|event| event.event_id.clone()).collect()
    }

    /// The first times that the lease was asked for.
    async fn asked(&self, times: usize) -> Vec<(Instant, Duration)> {
        let mut asked = self.asked.subscribe();
        let enough = timeout(4 * SOON, asked.wait_for(|asked| asked.len() >= times));
        enough.await.expect("the relay asks").unwrap().clone()
    }
}

#[async_trait]
impl Outbox for MemoryOutbox {
    async fn renew_lease(&self, holder: Uuid, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        let asked = (Instant::now(), ttl);
        self.asked.send_modify(|all| all.push(asked));
        let is_free = !self.held_elsewhere.load(Ordering::SeqCst);
        Ok(is_free.then_some(Lease { holder, epoch: 1 }))
    }

    async fn release_lease(&self, _: Lease) -> Result<(), StoreError> {
        Ok(())
    }

    async fn unpublished(
        &self,
        _: Lease,
        published: &[i64],
        limit: u32,
        without: &[RoomId],
    ) -> Result<Option<Vec<Unpublished>>, StoreError> {
        self.read.fetch_add(1, Ordering::SeqCst);
        let mut rows = self.rows.lock().unwrap();
        rows.retain(|id, _| !published.contains(id));
        let wanted = rows
            .iter()
            .filter(|(_, event)| !without.contains(&event.room_id));
        let waiting = wanted.map(|(id, event)| Unpublished {
            id: *id,
            event: event.clone(),
        });
        Ok(Some(waiting.take(limit as usize).collect()))
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.backlogs_asked.send_modify(|asked| *asked += 1);
        let how = *self.backlogs.lock().unwrap();
        match how {
            Backlogs::Answered => {}
            Backlogs::Failing => return Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)),
            Backlogs::Hanging => return pending().await,
        }
        let depth = self.rows.lock().unwrap().len();
        Ok(Backlog {
            depth: i64::try_from(depth).unwrap(),
            age: Duration::ZERO,
        })
    }

    async fn notified(&self) {
        pending::<()>().await;
    }
}

/// A relay and its log, which refuses every n-th event the first time it comes; 0 refuses none.
fn start(outbox: &Arc<MemoryOutbox>, refuse_every: usize) -> (Lifecycle, Arc<MemoryLog>) {
    let (life, log) = (Lifecycle::default(), Arc::new(MemoryLog::default()));
    log.refuse_every.store(refuse_every, Ordering::SeqCst);
    let outbox = Arc::clone(outbox);
    relay::start(outbox, log.clone(), pending(), &life.tasks());
    (life, log)
}

#[tokio::test(start_paused = true)]
async fn decision_5_the_lease_is_of_3_s_and_renewed_before_it_runs_out() {
    let outbox = MemoryOutbox::of(&[]);
    let (_life, _log) = start(&outbox, 0);
    let asked = outbox.asked(3).await;
    for (_, lease) in &asked {
        assert_eq!(*lease, Duration::from_secs(3));
    }
    for renewals in asked.windows(2) {
        let after = renewals[1].0 - renewals[0].0;
        assert!(after > Duration::from_millis(900), "{after:?}");
        assert!(after < Duration::from_secs(3), "{after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn b29_a_relay_that_has_nothing_to_do_looks_once_a_second() {
    let outbox = MemoryOutbox::of(&[]);
    let (_life, _log) = start(&outbox, 0);
    outbox.asked(1).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let read = outbox.read.load(Ordering::SeqCst);
    assert!((30..=61).contains(&read), "{read} times in 60 s");
}

#[tokio::test(start_paused = true)]
async fn decision_5_nothing_is_published_while_another_relay_holds_the_lease() {
    let outbox = MemoryOutbox::of(&[1, 1, 2]);
    outbox.held_elsewhere.store(true, Ordering::SeqCst);
    let (_life, log) = start(&outbox, 0);
    outbox.asked(2).await;
    assert_eq!(log.event_ids(), [""; 0]);

    outbox.held_elsewhere.store(false, Ordering::SeqCst);
    log.holds(3, SOON).await;
    is_empty(outbox.as_ref()).await;
}

#[tokio::test(start_paused = true)]
async fn decision_6_what_the_log_did_not_take_stays_and_goes_before_what_is_behind_it() {
    let outbox = MemoryOutbox::of(&[1, 2, 1, 1, 2, 2, 1, 2, 1, 2, 2, 1]);
    let rooms = [RoomId(1), RoomId(2)];
    let wanted = rooms.map(|room| outbox.of_room(room));
    let (_life, log) = start(&outbox, 3);
    log.holds(12, SOON).await;
    is_empty(outbox.as_ref()).await;
    for (room, wanted) in rooms.into_iter().zip(wanted) {
        assert_eq!(log.first_of_room(room), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn promise_p5_events_are_published_while_the_backlog_is_not_answered() {
    for how in [Backlogs::Failing, Backlogs::Hanging] {
        let outbox = MemoryOutbox::of(&[1, 2, 3]);
        *outbox.backlogs.lock().unwrap() = how;
        let (_life, log) = start(&outbox, 0);
        let mut asked = outbox.backlogs_asked.subscribe();
        let is_asked = timeout(SOON, asked.wait_for(|asked| *asked > 0)).await;
        is_asked.expect("it is asked how many wait").unwrap();
        log.holds(3, SOON).await;
        // The lease is renewed all the while.
        outbox.asked(3).await;
        outbox.add(&[4, 5]);
        log.holds(5, SOON).await;
    }
}

#[tokio::test(start_paused = true)]
async fn decision_6_rooms_that_the_log_does_not_take_keep_no_other_room_waiting() {
    const DEAD: i64 = 1_200;
    let alive = [RoomId(DEAD + 1), RoomId(DEAD + 2)];
    // More than one turn takes, and all of them before the first event of a room that is taken.
    let rooms: Vec<_> = (1..=DEAD)
        .chain(1..=DEAD)
        .chain([DEAD + 1, 1, DEAD + 2, DEAD + 1])
        .collect();
    let outbox = MemoryOutbox::of(&rooms);
    let of_dead = outbox.of_room(RoomId(1));
    let mut wanted = alive.map(|room| outbox.of_room(room));
    let (life, log) = (Lifecycle::default(), Arc::new(MemoryLog::default()));
    log.dead.lock().unwrap().extend((1..=DEAD).map(RoomId));
    relay::start(outbox.clone(), log.clone(), pending(), &life.tasks());

    log.holds(3, SOON).await;
    for more in 1..=20 {
        wanted[1].extend(outbox.add(&[DEAD + 2]));
        log.holds(3 + more, SOON).await;
    }
    for (room, wanted) in alive.into_iter().zip(wanted) {
        assert_eq!(log.first_of_room(room), wanted);
    }

    log.dead.lock().unwrap().clear();
    log.holds(rooms.len() + 20, SOON).await;
    is_empty(outbox.as_ref()).await;
    assert_eq!(log.first_of_room(RoomId(1)), of_dead);
}

#[tokio::test(start_paused = true)]
async fn decision_6_whatever_is_refused_every_room_keeps_its_order() {
    for refuse_every in 2..8 {
        let rooms: Vec<i64> = (0..60).map(|place| place * place % 7 + place % 3).collect();
        let outbox = MemoryOutbox::of(&rooms);
        let mut all: Vec<_> = rooms.into_iter().map(RoomId).collect();
        all.sort_unstable();
        all.dedup();
        let wanted: Vec<_> = all.iter().map(|room| outbox.of_room(*room)).collect();
        let (_life, log) = start(&outbox, refuse_every);
        log.holds(60, SOON).await;
        is_empty(outbox.as_ref()).await;
        for (room, wanted) in all.into_iter().zip(wanted) {
            assert_eq!(log.first_of_room(room), wanted, "{refuse_every}");
        }
    }
}
