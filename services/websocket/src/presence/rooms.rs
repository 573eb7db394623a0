//! The rooms in which this node has subscribers of presence, and their participants.
//!
//! The participants of a room never change in this contract, so the read side is asked once, when the first of them
//! subscribes here: a change of a customer's presence then finds its rooms without a call.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use colloquy_chassis::backoff::Backoff;
use colloquy_contracts::{CustomerId, RoomId};
use colloquy_service_api::RoomsOfCustomer;
use moka::sync::Cache;
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

/// A subscription waits this long for the participants of its room; after that its client is notified late.
const LEARN_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest interval at which a source that answers is asked again for a room that it does not know: one whose events
/// are parked may never be known.
const MAX_INTERVAL: Duration = Duration::from_secs(30);
/// Participants in the cache, of all rooms together: 8 bytes each.
const CACHE_CAPACITY: u64 = 4_000_000;

type Participants = Arc<[CustomerId]>;
/// A room and its participants.
pub type Learned = (RoomId, Participants);

/// Rooms with subscribers.
pub struct WatchedRooms {
    source: Arc<dyn RoomsOfCustomer>,
    watched: Mutex<Watched>,
    /// Rooms without subscribers, too: the answer about one customer names all their rooms.
    known: Cache<RoomId, Participants>,
    source_is_away: AtomicBool,
    late: Notify,
}

#[derive(Default)]
struct Watched {
    rooms: HashMap<RoomId, Room>,
    of_customer: HashMap<CustomerId, Vec<RoomId>>,
}

#[derive(Default)]
struct Room {
    subscribers: usize,
    /// `None` until they are known.
    participants: Option<Participants>,
    /// One of its members, if its subscribers no longer wait for the participants.
    late_for: Option<CustomerId>,
}

impl WatchedRooms {
    /// A node without subscribers.
    #[must_use]
    pub fn new(source: Arc<dyn RoomsOfCustomer>) -> Self {
        let weight = |_: &RoomId, participants: &Participants| {
            u32::try_from(participants.len() + 8).unwrap_or(u32::MAX)
        };
        Self {
            source,
            watched: Mutex::default(),
            known: Cache::builder()
                .max_capacity(CACHE_CAPACITY)
                .weigher(weight)
                .build(),
            source_is_away: AtomicBool::new(false),
            late: Notify::new(),
        }
    }

    /// One subscriber more. Follow it with [`WatchedRooms::learn`].
    pub fn enter(&self, room: RoomId) {
        let mut watched = self.watched();
        watched.rooms.entry(room).or_default().subscribers += 1;
        if let Some(participants) = self.known.get(&room) {
            watched.set_participants(room, participants);
        }
    }

    /// One subscriber fewer.
    pub fn leave(&self, room: RoomId) {
        let mut watched = self.watched();
        let Some(known) = watched.rooms.get_mut(&room) else {
            return;
        };
        known.subscribers -= 1;
        if known.subscribers == 0 {
            watched.forget(room);
        }
    }

    /// Learns the participants of a room from the rooms of one of its members: now, or later if there is no answer in time.
    pub async fn learn(&self, room: RoomId, member: CustomerId) {
        if self.is_known(room) {
            return;
        }
        // A source that was away, or slow, for one subscription is not waited for by each of the others.
        if !self.source_is_away.load(Ordering::Relaxed) {
            let answer = timeout(LEARN_TIMEOUT, self.ask(member)).await;
            if answer.is_err() {
                self.source_is_away.store(true, Ordering::Relaxed);
            }
            if self.is_known(room) {
                return;
            }
        }
        let mut watched = self.watched();
        if let Some(unknown) = watched.rooms.get_mut(&room)
            && unknown.participants.is_none()
            && unknown.late_for.replace(member).is_none()
        {
            self.late.notify_one();
        }
    }

    /// Asks again, for ever, for the rooms whose subscribers no longer wait, and hands over those that are known at last.
    pub async fn keep_learning(&self, learned: mpsc::Sender<Learned>) {
        loop {
            self.late.notified().await;
            let (mut away, mut unknown) = (Backoff::default(), Backoff::up_to(MAX_INTERVAL));
            loop {
                let (rooms, all) = self.learn_late().await;
                for room in rooms {
                    if learned.send(room).await.is_err() {
                        return;
                    }
                }
                if all {
                    break;
                }
                if self.source_is_away.load(Ordering::Relaxed) {
                    away.wait().await;
                    continue;
                }
                away.reset();
                tokio::select! {
                    () = unknown.wait() => {}
                    () = self.late.notified() => unknown.reset(),
                }
            }
        }
    }

    /// The rooms that are known now, and whether all are.
    async fn learn_late(&self) -> (Vec<Learned>, bool) {
        for (room, member) in self.late_rooms() {
            if !self.is_known(room) && !self.ask(member).await {
                break;
            }
        }
        let mut watched = self.watched();
        let late = watched.rooms.iter_mut();
        let late = late.filter(|(_, watched)| watched.late_for.is_some());
        let learned = late.filter_map(|(room, late)| {
            let participants = late.participants.clone()?;
            late.late_for = None;
            Some((*room, participants))
        });
        let learned = learned.collect();
        let all = watched.rooms.values().all(|room| room.late_for.is_none());
        (learned, all)
    }

    /// The watched rooms of a customer.
    #[must_use]
    pub fn of(&self, customer: CustomerId) -> Vec<RoomId> {
        let rooms = self.watched().of_customer.get(&customer).cloned();
        rooms.unwrap_or_default()
    }

    /// The participants of all watched rooms.
    #[must_use]
    pub fn participants(&self) -> Vec<CustomerId> {
        self.watched().of_customer.keys().copied().collect()
    }

    /// Whether no room is watched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let watched = self.watched();
        watched.rooms.is_empty() && watched.of_customer.is_empty()
    }

    /// Asks for the rooms of a customer, and keeps their participants. Answers whether there was an answer.
    async fn ask(&self, customer: CustomerId) -> bool {
        let answer = self.source.rooms_of(customer).await;
        self.source_is_away
            .store(answer.is_err(), Ordering::Relaxed);
        let views = match answer {
            Ok(views) => views,
            Err(error) => {
                tracing::warn!(%error, "the members of rooms cannot be read yet");
                return false;
            }
        };
        for view in views {
            let participants: Participants = view.participant_ids.into();
            self.known.insert(view.room_id, Arc::clone(&participants));
            self.watched().set_participants(view.room_id, participants);
        }
        true
    }

    fn is_known(&self, room: RoomId) -> bool {
        let watched = self.watched();
        let room = watched.rooms.get(&room);
        room.is_none_or(|room| room.participants.is_some())
    }

    fn late_rooms(&self) -> Vec<(RoomId, CustomerId)> {
        let watched = self.watched();
        let late = |(room, watched): (&RoomId, &Room)| Some((*room, watched.late_for?));
        watched.rooms.iter().filter_map(late).collect()
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// Sets the participants of a watched room, unless they are known.
    fn set_participants(&mut self, room: RoomId, participants: Participants) {
        let Some(unknown) = self.rooms.get_mut(&room) else {
            return;
        };
        if unknown.participants.is_none() {
            for customer in participants.iter() {
                self.of_customer.entry(*customer).or_default().push(room);
            }
            unknown.participants = Some(participants);
        }
    }

    fn forget(&mut self, room: RoomId) {
        let forgotten = self.rooms.remove(&room);
        let participants = forgotten.and_then(|room| room.participants);
        for customer in participants.iter().flat_map(|all| all.iter()) {
            if let Some(rooms) = self.of_customer.get_mut(customer) {
                rooms.retain(|other| *other != room);
                if rooms.is_empty() {
                    self.of_customer.remove(customer);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use colloquy_chassis::ServiceName;
    use colloquy_contracts::{Timestamp, views::ChatRoomView};
    use colloquy_service_api::CallError;
    use tokio::time::Instant;

    use super::*;

    const ALICE: CustomerId = CustomerId(1);
    const BOB: CustomerId = CustomerId(2);
    const ROOM: RoomId = RoomId(1);

    /// Alice and Bob are in rooms 1 and 2. Counts how often it is asked.
    #[derive(Default)]
    struct Source {
        asked: std::sync::atomic::AtomicUsize,
        is_away: AtomicBool,
    }

    #[async_trait]
    impl RoomsOfCustomer for Source {
        async fn rooms_of(&self, _: CustomerId) -> Result<Vec<ChatRoomView>, CallError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.is_away.load(Ordering::Relaxed) {
                return Err(CallError::Unavailable(ServiceName::ChatQuery, None));
            }
            let room = |id| ChatRoomView {
                room_id: RoomId(id),
                room_name: String::new(),
                participant_ids: vec![ALICE, BOB],
                unread_status: Default::default(),
                last_message: None,
                created_by: ALICE,
                created_at: Timestamp::from_millis(0),
                updated_at: Timestamp::from_millis(0),
            };
            Ok(vec![room(1), room(2)])
        }
    }

    async fn subscribe(rooms: &WatchedRooms, room: RoomId) {
        rooms.enter(room);
        rooms.learn(room, ALICE).await;
    }

    #[tokio::test]
    async fn decision_19_participants_are_asked_for_once_and_forgotten_with_the_last_subscriber() {
        let source = Arc::new(Source::default());
        let rooms = WatchedRooms::new(source.clone());
        for room in [ROOM, ROOM, RoomId(2)] {
            subscribe(&rooms, room).await;
        }
        assert_eq!(source.asked.load(Ordering::Relaxed), 1);
        assert_eq!(rooms.of(BOB), [ROOM, RoomId(2)]);
        rooms.leave(ROOM);
        assert_eq!(rooms.of(BOB), [ROOM, RoomId(2)]);
        rooms.leave(ROOM);
        assert_eq!(rooms.of(BOB), [RoomId(2)]);
        rooms.leave(RoomId(2));
        assert!(rooms.is_empty() && rooms.participants().is_empty());
    }

    #[tokio::test]
    async fn f12_a_source_that_is_away_is_asked_again_and_not_by_every_subscriber() {
        let source = Arc::new(Source::default());
        source.is_away.store(true, Ordering::Relaxed);
        let rooms = WatchedRooms::new(source.clone());
        for _ in 0..10 {
            subscribe(&rooms, ROOM).await;
        }
        assert_eq!(source.asked.load(Ordering::Relaxed), 1);
        assert!(rooms.of(ALICE).is_empty());
        let (learned, all) = rooms.learn_late().await;
        assert!(learned.is_empty() && !all);

        source.is_away.store(false, Ordering::Relaxed);
        let (learned, all) = rooms.learn_late().await;
        assert_eq!(learned.len(), 1);
        assert!(all);
        assert_eq!(rooms.of(ALICE), [ROOM]);
        assert!(rooms.learn_late().await.0.is_empty(), "handed over once");
    }

    /// Answers, and knows no room. Reports when it is asked.
    struct Parked(mpsc::UnboundedSender<Instant>);

    #[async_trait]
    impl RoomsOfCustomer for Parked {
        async fn rooms_of(&self, _: CustomerId) -> Result<Vec<ChatRoomView>, CallError> {
            self.0.send(Instant::now()).unwrap();
            Ok(Vec::new())
        }
    }

    #[tokio::test]
    async fn f18_a_room_whose_events_are_parked_is_asked_for_ever_more_seldom_and_delays_no_other()
    {
        let (ask, mut asked) = mpsc::unbounded_channel();
        let rooms = WatchedRooms::new(Arc::new(Parked(ask)));
        let (learned, _keep) = mpsc::channel(1);
        let watching = async {
            subscribe(&rooms, ROOM).await;
            asked.recv().await.unwrap();
            let mut last = asked.recv().await.unwrap();
            for millis in [50, 100, 200, 400, 800, 1600] {
                let now = asked.recv().await.unwrap();
                assert!(now - last >= Duration::from_millis(millis), "{millis}");
                last = now;
            }
            subscribe(&rooms, RoomId(2)).await;
            asked.recv().await.unwrap();
            let soon = asked.recv().await.unwrap() - last;
            assert!(soon < Duration::from_secs(2), "{soon:?}");
        };
        tokio::select! {
            () = rooms.keep_learning(learned) => panic!("it learns for ever"),
            () = watching => {}
        }
    }
}
