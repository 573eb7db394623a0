//! Who subscribed to what on this node: exact matches only, in shards, so that connections seldom wait for each other.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use colloquy_contracts::{CustomerId, Destination};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use uuid::Uuid;

use super::{
    outbound::{Outbound, Passing},
    yield_budget::Queued,
};
use crate::stomp::MessageTemplate;

const SHARDS: usize = 64;

/// Where messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A room's destination, the same for all its members.
    Room(Destination),
    /// One customer's own destination, on all their sessions.
    Own(CustomerId, Destination),
}

impl Address {
    /// What `destination` is when this customer names it.
    #[must_use]
    pub fn of(customer: CustomerId, destination: Destination) -> Self {
        match destination.room() {
            Some(_) => Self::Room(destination),
            None => Self::Own(customer, destination),
        }
    }
}

/// What distinguishes one subscriber's MESSAGE frames from another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// The subscription's id, escaped for the version of its session.
    pub subscription: Arc<str>,
    /// Whether the client acknowledges.
    pub acknowledged: bool,
}

/// Subscribers with the same label share one encoded frame.
type Audience = HashMap<Label, Vec<Arc<Outbound>>>;
type Shard = HashMap<Address, Audience>;

/// The subscriptions of this node.
#[derive(Debug)]
pub struct Registry {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    /// Makes `message-id` unique over all nodes and restarts.
    node: String,
    messages: AtomicU64,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            node: format!("{:x}", Uuid::new_v4().as_u64_pair().0),
            messages: AtomicU64::new(0),
        }
    }
}

impl Registry {
    /// From when this returns on, what is published at the address reaches the queue.
    pub fn add(&self, address: Address, label: Label, outbound: Arc<Outbound>) {
        self.shard(address)
            .entry(address)
            .or_default()
            .entry(label)
            .or_default()
            .push(outbound);
        metrics::gauge!("colloquy_websocket_subscriptions").increment(1);
    }

    /// From when this returns on, nothing more reaches the queue under this label.
    pub fn remove(&self, address: Address, label: &Label, outbound: &Arc<Outbound>) {
        let mut shard = self.shard(address);
        let Some(audience) = shard.get_mut(&address) else {
            return;
        };
        let Some(members) = audience.get_mut(label) else {
            return;
        };
        let Some(at) = members
            .iter()
            .position(|member| Arc::ptr_eq(member, outbound))
        else {
            return;
        };
        members.swap_remove(at);
        if members.is_empty() {
            audience.remove(label);
        }
        if audience.is_empty() {
            shard.remove(&address);
        }
        metrics::gauge!("colloquy_websocket_subscriptions").decrement(1);
    }

    /// Gives one message to everybody who subscribed to one of the addresses: encoded once a label, waiting for nobody.
    /// Answers what was queued.
    pub fn publish(
        &self,
        destination: Destination,
        addresses: impl IntoIterator<Item = Address>,
        body: &Bytes,
    ) -> Queued {
        let mut encoding = Encoding::new(self, destination, body);
        let mut queued = Queued::default();
        for address in addresses {
            self.deliver(address, |label, members| {
                let frame = encoding.frame(label);
                for member in members {
                    if member.push(frame.clone()) {
                        queued.full.push(Arc::clone(member));
                    }
                }
                queued.frames += members.len();
                queued.octets += members.len() * frame.len();
            });
        }
        queued
    }

    /// The same for a customer's state in a room, of which only the newest counts.
    pub fn publish_passing(
        &self,
        destination: Destination,
        customer: CustomerId,
        body: &Bytes,
    ) -> Queued {
        let mut encoding = Encoding::new(self, destination, body);
        let mut queued = Queued::default();
        self.deliver(Address::Room(destination), |label, members| {
            let frame = encoding.frame(label);
            let about = Arc::new(Passing {
                destination,
                customer,
                subscription: Arc::clone(&label.subscription),
            });
            for member in members {
                member.push_passing(Arc::clone(&about), frame.clone());
            }
            queued.frames += members.len();
            queued.octets += members.len() * frame.len();
        });
        queued
    }

    /// Tells one subscriber a customer's state, as [`Registry::publish_passing`] tells all of them.
    pub fn greet(
        &self,
        destination: Destination,
        customer: CustomerId,
        body: &Bytes,
        (label, outbound): (&Label, &Outbound),
    ) {
        let about = Passing {
            destination,
            customer,
            subscription: Arc::clone(&label.subscription),
        };
        let frame = Encoding::new(self, destination, body).frame(label);
        outbound.push_passing(Arc::new(about), frame);
    }

    /// Addresses that somebody subscribed to.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    /// Whether nobody subscribed to anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands over the audience of an address, label by label.
    fn deliver(&self, address: Address, mut hand: impl FnMut(&Label, &[Arc<Outbound>])) {
        let shard = self.shard(address);
        let mut deliveries = 0;
        for (label, members) in shard.get(&address).into_iter().flatten() {
            hand(label, members);
            deliveries += members.len();
        }
        metrics::counter!("colloquy_websocket_deliveries_total").increment(deliveries as u64);
    }

    fn shard(&self, address: Address) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(address);
        lock(&self.shards[hash as usize % SHARDS])
    }

    fn next_message_id(&self) -> String {
        let message = self.messages.fetch_add(1, Ordering::Relaxed);
        format!("{}-{message}", self.node)
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One message in as many frames as there are labels. Nothing is encoded for a message that nobody gets.
struct Encoding<'a> {
    registry: &'a Registry,
    destination: Destination,
    body: &'a Bytes,
    template: Option<(MessageTemplate, String)>,
    frames: HashMap<Label, Message>,
}

impl<'a> Encoding<'a> {
    fn new(registry: &'a Registry, destination: Destination, body: &'a Bytes) -> Self {
        Self {
            registry,
            destination,
            body,
            template: None,
            frames: HashMap::new(),
        }
    }

    fn frame(&mut self, label: &Label) -> Message {
        if let Some(frame) = self.frames.get(label) {
            return frame.clone();
        }
        let (template, message_id) = self.template.get_or_insert_with(|| {
            let message_id = self.registry.next_message_id();
            let destination = self.destination.to_string();
            let template = MessageTemplate::new(&destination, &message_id, self.body.clone());
            (template, message_id)
        });
        let ack = label.acknowledged.then_some(message_id.as_str());
        let frame = websocket_message(template.encode(&label.subscription, ack));
        self.frames.insert(label.clone(), frame.clone());
        frame
    }
}

/// A STOMP frame as a WebSocket message: text when it is text (stomp.md W4). Checked once, shared by all who get it.
#[must_use]
pub fn websocket_message(frame: Bytes) -> Message {
    Utf8Bytes::try_from(frame.clone()).map_or_else(|_| Message::Binary(frame), Message::Text)
}

#[cfg(test)]
mod tests {
    use colloquy_contracts::RoomId;

    use super::*;
    use crate::fanout::outbound::Next;

    const ROOM: Destination = Destination::Message(RoomId(1));
    const ALICE: CustomerId = CustomerId(1);
    const BOB: CustomerId = CustomerId(2);

    fn outbound() -> Arc<Outbound> {
        Arc::new(Outbound::new(64 * 1024))
    }

    fn label(subscription: &str) -> Label {
        Label {
            subscription: subscription.into(),
            acknowledged: false,
        }
    }

    fn publish(registry: &Registry, address: Address, body: &'static [u8]) {
        let (Address::Room(destination) | Address::Own(_, destination)) = address;
        registry.publish(destination, [address], &Bytes::from_static(body));
    }

    fn taken(outbound: &Outbound) -> Vec<String> {
        std::iter::from_fn(|| match outbound.next() {
            Next::Frame(frame) => Some(frame.into_text().unwrap().to_string()),
            _ => None,
        })
        .collect()
    }

    fn header<'a>(frame: &'a str, name: &str) -> Option<&'a str> {
        frame
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    }

    #[test]
    fn stomp_s3_two_ids_on_one_destination_get_one_message_each() {
        let (registry, outbound) = (Registry::default(), outbound());
        for id in ["a", "b"] {
            registry.add(Address::Room(ROOM), label(id), Arc::clone(&outbound));
        }

        publish(&registry, Address::Room(ROOM), b"{}");

        let mut frames = taken(&outbound);
        frames.sort();
        let ids: Vec<_> = frames
            .iter()
            .map(|frame| header(frame, "subscription"))
            .collect();
        assert_eq!(ids, [Some("a"), Some("b")]);
    }

    #[test]
    fn stomp_s4_nothing_is_queued_after_the_removal_and_the_others_stay() {
        let (registry, gone, stays) = (Registry::default(), outbound(), outbound());
        for outbound in [&gone, &stays] {
            registry.add(Address::Room(ROOM), label("0"), Arc::clone(outbound));
        }

        registry.remove(Address::Room(ROOM), &label("unknown"), &gone);
        registry.remove(Address::Room(ROOM), &label("0"), &gone);
        registry.remove(Address::Room(ROOM), &label("0"), &gone);
        publish(&registry, Address::Room(ROOM), b"{}");

        assert_eq!(taken(&gone), Vec::<String>::new());
        assert_eq!(taken(&stays).len(), 1);
    }

    #[test]
    fn stomp_s2_only_subscriptions_that_acknowledge_carry_ack() {
        let (registry, outbound) = (Registry::default(), outbound());
        for (subscription, acknowledged) in [("auto", false), ("client", true)] {
            let label = Label {
                subscription: subscription.into(),
                acknowledged,
            };
            registry.add(Address::Room(ROOM), label, Arc::clone(&outbound));
        }

        publish(&registry, Address::Room(ROOM), b"{}");

        let frames = taken(&outbound);
        assert_eq!(frames.len(), 2);
        for frame in frames {
            let acknowledged = header(&frame, "subscription") == Some("client");
            assert_eq!(header(&frame, "ack").is_some(), acknowledged, "{frame}");
        }
    }

    #[test]
    fn stomp_s5_message_ids_are_unique_and_all_share_one_frame_a_label() {
        let (registry, first, second) = (Registry::default(), outbound(), outbound());
        for outbound in [&first, &second] {
            registry.add(Address::Room(ROOM), label("0"), Arc::clone(outbound));
        }
        publish(&registry, Address::Room(ROOM), b"1");
        publish(&registry, Address::Room(ROOM), b"2");

        let frames = taken(&first);
        assert_ne!(
            header(&frames[0], "message-id"),
            header(&frames[1], "message-id")
        );
        assert_eq!(frames, taken(&second));
    }

    #[test]
    fn stomp_s6_what_is_private_reaches_every_session_of_its_owner_and_nobody_else() {
        let registry = Registry::default();
        let (phone, laptop, other) = (outbound(), outbound(), outbound());
        for (customer, outbound) in [(ALICE, &phone), (ALICE, &laptop), (BOB, &other)] {
            let address = Address::of(customer, Destination::Rooms);
            registry.add(address, label("0"), Arc::clone(outbound));
        }

        publish(&registry, Address::Own(ALICE, Destination::Rooms), b"{}");

        let heard = taken(&phone);
        assert_eq!(heard.len(), 1);
        assert_eq!(header(&heard[0], "destination"), Some("/user/topic/rooms"));
        assert_eq!(heard, taken(&laptop));
        assert_eq!(taken(&other), Vec::<String>::new());
    }

    #[test]
    fn stomp_n9_what_came_and_went_leaves_no_entry() {
        let (registry, outbound) = (Registry::default(), outbound());
        for room in 0..1_000 {
            let address = Address::Room(Destination::Typing(RoomId(room)));
            registry.add(address, label("0"), Arc::clone(&outbound));
        }
        assert_eq!(registry.len(), 1_000);
        for room in 0..1_000 {
            let address = Address::Room(Destination::Typing(RoomId(room)));
            registry.remove(address, &label("0"), &outbound);
        }
        assert!(registry.is_empty());
        assert_eq!(Arc::strong_count(&outbound), 1);
    }

    #[test]
    fn stomp_w4_text_goes_out_as_text_and_anything_else_as_binary() {
        assert!(websocket_message(Bytes::from_static("Vũ".as_bytes())).is_text());
        assert!(websocket_message(Bytes::from_static(b"\xff")).is_binary());
    }
}
