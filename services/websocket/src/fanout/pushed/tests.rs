//! What a node that passes records over pushes, beside one that decodes all of them, over random records, subscriptions and
//! pauses.

use std::collections::{BTreeMap, BTreeSet};

use colloquy_chassis::SystemClock;
use colloquy_contracts::{
    CustomerId, MessageId, Seq, Timestamp,
    events::{ChatMessageSent, ReadMarkerUpdated},
    views::{ChatRoomView, ReadStatus},
};
use colloquy_event_log::NewEvent;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{
    fanout::{encoding::FrameVariant, registry::Subscriber},
    send_queue::{Next, SendQueue},
};

const INTERVAL: Duration = Duration::from_millis(100);
/// Sessions, each of the customer with the next number.
const SESSIONS: usize = 3;
const ROOMS: i64 = 4;

/// Room 1 has customer 1, room 2 the customers 1 and 2, and so on: the last one has a customer without a session.
fn members(room: RoomId) -> Vec<CustomerId> {
    (1..=room.0).map(CustomerId).collect()
}

fn customer(session: usize) -> CustomerId {
    CustomerId(i64::try_from(session).unwrap() + 1)
}

/// The flag of a customer in a version of a room.
fn flag(room: RoomId, customer: CustomerId, version: i64) -> bool {
    (room.0 + customer.0 + version / 2) % 2 == 0
}

#[derive(Clone, Debug)]
enum Step {
    /// A session subscribes to what is of a room, or to what is its own, or ends that.
    Toggle(usize, Option<i64>),
    Message(i64),
    Marker(i64, usize),
    /// The next version of a room, or one that is so much older.
    View(i64, i64),
    /// The same of a flag of one of its members.
    Flag(i64, usize, i64),
    Pause(u64),
    /// The log repeats so many of the newest messages and markers.
    Repeat(usize),
}

fn step(repeats: bool) -> impl Strategy<Value = Step> {
    let old = || prop_oneof![4 => Just(0_i64), 1 => 1..4_i64];
    let repeated = if repeats { 1..6_usize } else { 0..1 };
    prop_oneof![
        3 => (0..SESSIONS, prop::option::of(1..=ROOMS)).prop_map(|(a, b)| Step::Toggle(a, b)),
        4 => (1..=ROOMS).prop_map(Step::Message),
        2 => (1..=ROOMS, 0..SESSIONS).prop_map(|(a, b)| Step::Marker(a, b)),
        4 => (1..=ROOMS, old()).prop_map(|(a, b)| Step::View(a, b)),
        2 => (1..=ROOMS, 0..SESSIONS, old()).prop_map(|(a, b, c)| Step::Flag(a, b, c)),
        1 => (0..150_u64).prop_map(Step::Pause),
        1 => repeated.prop_map(Step::Repeat),
    ]
}

fn steps(repeats: bool) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(repeats), 0..120)
}

/// The log as far as it has come.
#[derive(Default)]
struct Log {
    written: Vec<Record>,
    seqs: BTreeMap<RoomId, i64>,
    versions: BTreeMap<RoomId, i64>,
    views: BTreeMap<RoomId, i64>,
    /// The newest version that was announced to each member of each room.
    announced: BTreeMap<(RoomId, CustomerId), i64>,
}

impl Log {
    fn message(&mut self, room: RoomId) -> Record {
        let seq = self.seqs.entry(room).or_default();
        *seq += 1;
        let event = WriteEvent::MessageSent(ChatMessageSent {
            message_id: MessageId(room.0 * 1_000 + *seq),
            room_id: room,
            sender_id: CustomerId(1),
            sender_full_name: String::new(),
            content: "hello".into(),
            sent_at: Timestamp::from_millis(1),
            seq: Seq(*seq),
            client_key: None,
        });
        self.write(&event)
    }

    fn marker(&mut self, room: RoomId, customer: CustomerId) -> Record {
        let count = i64::try_from(self.written.len()).unwrap();
        let event = WriteEvent::ReadMarkerUpdated(ReadMarkerUpdated {
            room_id: room,
            customer_id: customer,
            last_read_message_id: MessageId(count + 1),
        });
        self.write(&event)
    }

    fn write(&mut self, event: &WriteEvent) -> Record {
        let record = record(NewEvent::from(event));
        self.written.push(record.clone());
        record
    }

    fn version(&mut self, room: RoomId, older: i64) -> i64 {
        let newest = self.versions.entry(room).or_default();
        if older == 0 {
            *newest += 1;
        }
        (*newest - older).max(1)
    }

    fn view(&mut self, room: RoomId, older: i64) -> Record {
        let version = self.version(room, older);
        let newest = self.views.entry(room).or_default();
        *newest = version.max(*newest);
        let participant_ids = members(room);
        for &customer in &participant_ids {
            self.announce(room, customer, version);
        }
        let flags = participant_ids.iter();
        let flags = flags.map(|&customer| (customer, flag(room, customer, version)));
        let view = ChatRoomView {
            room_id: room,
            room_name: version.to_string(),
            unread_status: flags.collect(),
            participant_ids,
            last_message: None,
            created_by: CustomerId(1),
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(version),
        };
        announcement(Topic::RoomUpdated, room, version, &view)
    }

    fn flag(&mut self, room: RoomId, of: usize, older: i64) -> Record {
        let readers = members(room);
        let customer_id = readers[of % readers.len()];
        let version = self.version(room, older);
        self.announce(room, customer_id, version);
        let status = ReadStatus {
            room_id: room,
            customer_id,
            is_unread: flag(room, customer_id, version),
        };
        announcement(Topic::ReadStatusUpdated, room, version, &status)
    }

    fn announce(&mut self, room: RoomId, customer: CustomerId, version: i64) {
        let newest = self.announced.entry((room, customer)).or_default();
        *newest = version.max(*newest);
    }
}

fn announcement(
    topic: Topic,
    room_id: RoomId,
    version: i64,
    value: &impl serde::Serialize,
) -> Record {
    record(NewEvent {
        topic,
        room_id,
        event_id: String::new(),
        payload: serde_json::to_vec(value).unwrap().into(),
        replayed: false,
        version: Some(version),
        traceparent: None,
    })
}

fn record(event: NewEvent) -> Record {
    Record {
        topic: event.topic,
        partition: 0,
        offset: 1,
        key: event.room_id.to_string(),
        event_id: event.event_id,
        payload: event.payload,
        replayed: event.replayed,
        version: event.version,
        traceparent: event.traceparent,
    }
}

/// A node with its sessions.
struct Node {
    decodes_all: bool,
    pushed: Pushed,
    registry: Registry,
    queues: Vec<Arc<SendQueue>>,
    clients: Vec<Client>,
}

/// What a client knows: what it fetched when it subscribed, and what was pushed since.
#[derive(Clone, Debug, PartialEq)]
struct Client {
    customer: CustomerId,
    frames: Vec<String>,
    rooms: BTreeSet<Option<i64>>,
    messages: BTreeSet<(i64, i64)>,
    markers: BTreeMap<(i64, i64), i64>,
    /// The newest view of each room, and the flag, which views have too.
    views: BTreeMap<i64, i64>,
    flags: BTreeMap<i64, bool>,
}

impl Node {
    fn new(decodes_all: bool, interval: Duration) -> Self {
        let queue = || Arc::new(SendQueue::new(1 << 20));
        Self {
            decodes_all,
            pushed: Pushed::new(interval, 1_000, Arc::new(SystemClock)),
            registry: Registry::default(),
            queues: std::iter::repeat_with(queue).take(SESSIONS).collect(),
            clients: (0..SESSIONS).map(customer).map(Client::new).collect(),
        }
    }

    async fn read(&mut self, record: Record) {
        if self.decodes_all {
            self.pushed.decode_and_push(record, &self.registry).await;
        } else {
            self.pushed.push(record, &self.registry).await;
        }
        self.publish_due().await;
    }

    async fn publish_due(&mut self) {
        self.pushed.publish_due(&self.registry).await;
        for (queue, client) in self.queues.iter().zip(&mut self.clients) {
            while let Next::Frame(frame) = queue.next() {
                client.take(frame.to_text().unwrap());
            }
        }
    }

    fn toggle(&mut self, session: usize, room: Option<i64>, log: &Log) {
        let customer = customer(session);
        let (queue, client) = (&self.queues[session], &mut self.clients[session]);
        let begins = client.rooms.insert(room);
        let destinations = match room.map(RoomId) {
            Some(room) => [Destination::Message(room), Destination::ReadMarkers(room)],
            None => [Destination::Rooms, Destination::ReadStatus],
        };
        for destination in destinations {
            let channel = Channel::of(customer, destination);
            let variant = FrameVariant {
                subscription: destination.to_string().into(),
                acknowledged: false,
            };
            if begins {
                let queue = Arc::clone(queue);
                self.registry
                    .add(channel, variant, Subscriber { customer, queue });
            } else {
                self.registry.remove(channel, &variant, queue);
            }
        }
        if begins {
            client.fetch(room, log);
        } else {
            client.rooms.remove(&room);
        }
    }
}

impl Client {
    fn new(customer: CustomerId) -> Self {
        Self {
            customer,
            frames: Vec::new(),
            rooms: BTreeSet::new(),
            messages: BTreeSet::new(),
            markers: BTreeMap::new(),
            views: BTreeMap::new(),
            flags: BTreeMap::new(),
        }
    }

    fn fetch(&mut self, room: Option<i64>, log: &Log) {
        let customer = self.customer;
        let Some(room) = room else {
            let own = log.announced.iter().filter(|((_, of), _)| *of == customer);
            for (&(room, _), &version) in own {
                self.flags.insert(room.0, flag(room, customer, version));
                let newest = log.views.get(&room).copied();
                self.views.extend(newest.map(|newest| (room.0, newest)));
            }
            return;
        };
        for record in log.written.iter().filter(|one| one.key == room.to_string()) {
            self.apply(&serde_json::from_slice(&record.payload).unwrap());
        }
    }

    fn take(&mut self, frame: &str) {
        let (head, body) = frame.trim_end_matches('\0').split_once("\n\n").unwrap();
        self.apply(&serde_json::from_str(body).unwrap());
        // The id names the node.
        let lines = head.lines().map(|line| match line.split_once('-') {
            Some(("message", id)) => id.rsplit('-').next().unwrap(),
            _ => line,
        });
        let head: Vec<_> = lines.collect();
        self.frames.push(format!("{}\n\n{body}", head.join("\n")));
    }

    fn apply(&mut self, value: &Value) {
        let number = |name: &str| value[name].as_i64();
        let room = number("roomId").unwrap();
        if let Some(seq) = number("seq") {
            self.messages.insert((room, seq));
        } else if let Some(message) = number("lastReadMessageId") {
            let customer = number("customerId").unwrap();
            let marker = self.markers.entry((room, customer)).or_default();
            *marker = message.max(*marker);
        } else if let Some(flag) = value["isUnread"].as_bool() {
            self.flags.insert(room, flag);
        } else {
            let version = value["roomName"].as_str().unwrap().parse().unwrap();
            self.views.insert(room, version);
            let flags = &value["unreadStatus"];
            let flag = flags[self.customer.to_string()].as_bool().unwrap();
            self.flags.insert(room, flag);
        }
    }
}

/// Takes the steps with a node that passes records over, and with one that decodes all of them.
fn beside(steps: &[Step], interval: Duration) -> [Vec<Client>; 2] {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(async {
        let mut log = Log::default();
        let mut nodes = [false, true].map(|decodes_all| Node::new(decodes_all, interval));
        for step in steps {
            let records = match *step {
                Step::Toggle(session, room) => {
                    nodes
                        .iter_mut()
                        .for_each(|node| node.toggle(session, room, &log));
                    Vec::new()
                }
                Step::Message(room) => vec![log.message(RoomId(room))],
                Step::Marker(room, session) => vec![log.marker(RoomId(room), customer(session))],
                Step::View(room, older) => vec![log.view(RoomId(room), older)],
                Step::Flag(room, session, older) => {
                    vec![log.flag(RoomId(room), session, older)]
                }
                Step::Pause(millis) => {
                    tokio::time::advance(Duration::from_millis(millis)).await;
                    Vec::new()
                }
                Step::Repeat(count) => {
                    let newest = log.written.len().saturating_sub(count);
                    log.written[newest..].to_vec()
                }
            };
            for node in &mut nodes {
                for record in &records {
                    node.read(record.clone()).await;
                }
                node.publish_due().await;
            }
        }
        tokio::time::advance(2 * INTERVAL).await;
        for node in &mut nodes {
            node.publish_due().await;
        }
        nodes.map(|node| node.clients)
    })
}

/// What a client knows of what it subscribes to at the end, whichever frames it had it from.
fn known(client: &Client) -> Client {
    let is_subscribed = |room: i64| client.rooms.contains(&Some(room));
    let own = client.rooms.contains(&None);
    let mut known = client.clone();
    known.frames.clear();
    known.messages.retain(|(room, _)| is_subscribed(*room));
    known.markers.retain(|(room, _), _| is_subscribed(*room));
    known.views.retain(|_, _| own);
    known.flags.retain(|_, _| own);
    known
}

proptest! {
    #[test]
    fn decision_16_where_the_log_repeats_nothing_the_same_frames_are_pushed(steps in steps(false)) {
        let [passing, decoding] = beside(&steps, Duration::ZERO);
        for (passing, decoding) in passing.iter().zip(&decoding) {
            prop_assert_eq!(&passing.frames, &decoding.frames);
        }
    }

    #[test]
    fn decision_18_a_client_knows_the_same_after_repeats_and_pauses(steps in steps(true)) {
        let [passing, decoding] = beside(&steps, INTERVAL);
        for (passing, decoding) in passing.iter().zip(&decoding) {
            prop_assert_eq!(known(passing), known(decoding));
        }
    }
}

/// A client that listens to its own destinations alone gets the views of its rooms, from the first on.
#[test]
fn contract_5_views_reach_a_member_who_subscribes_to_no_room() {
    let view = || Step::View(1, 0);
    let steps = [
        view(),
        view(),
        Step::Toggle(0, None),
        view(),
        Step::View(2, 0),
    ];
    let [passing, _] = beside(&steps, Duration::ZERO);
    assert_eq!(passing[0].views, BTreeMap::from([(1, 3), (2, 1)]));
    assert_eq!(passing[0].frames.len(), 2);
}

/// That the two are compared with something that passes over at all.
#[test]
fn records_of_rooms_without_subscribers_are_passed_over() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(async {
        let (mut log, mut node) = (Log::default(), Node::new(false, Duration::ZERO));
        let room = RoomId(2);
        for (record, passed_over) in [
            (log.message(room), 1),
            (log.marker(room, CustomerId(1)), 2),
            (log.view(room, 0), 2),
            (log.view(room, 0), 3),
            (log.flag(room, 0, 0), 3),
        ] {
            node.read(record).await;
            assert_eq!(node.pushed.passed_over, passed_over);
        }
        node.toggle(0, None, &log);
        node.read(log.view(room, 0)).await;
        node.read(log.message(room)).await;
        assert_eq!(node.pushed.passed_over, 4, "only the message");
    });
}

/// The members of a large room are not noted. A view that found a subscription to flags alone, and so no subscriber, does not count
/// any more once that member subscribes to views.
#[test]
fn contract_5_views_reach_a_member_of_a_large_room_whose_first_subscription_is_to_flags() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(async {
        let (mut log, mut node) = (Log::default(), Node::new(false, Duration::ZERO));
        let (room, reader) = (RoomId(100), customer(0));
        for (destination, frames) in [(Destination::ReadStatus, 0), (Destination::Rooms, 1)] {
            let variant = FrameVariant {
                subscription: destination.to_string().into(),
                acknowledged: false,
            };
            let subscriber = Subscriber {
                customer: reader,
                queue: Arc::clone(&node.queues[0]),
            };
            let channel = Channel::of(reader, destination);
            node.registry.add(channel, variant, subscriber);
            node.read(log.view(room, 0)).await;
            assert_eq!(node.clients[0].frames.len(), frames);
        }
    });
}
