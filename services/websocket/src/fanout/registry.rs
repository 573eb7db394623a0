//! The subscriptions of this node: exact matches only, in shards, so that connections seldom wait for each other.

pub mod customers;

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
use uuid::Uuid;

use self::customers::Customers;
use super::{
    encoding::{Encoding, FrameVariant},
    yield_budget::Queued,
};
use crate::send_queue::{ConflationKey, SendQueue};

const SHARDS: usize = 64;

/// What sessions subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// A room's destination, the same for all its members.
    Room(Destination),
    /// One customer's own destination, on all their sessions.
    Own(CustomerId, Destination),
}

impl Channel {
    /// The channel that a customer means by this destination.
    #[must_use]
    pub fn of(customer: CustomerId, destination: Destination) -> Self {
        match destination.room() {
            Some(_) => Self::Room(destination),
            None => Self::Own(customer, destination),
        }
    }
}

/// One session of a customer, for which MESSAGE frames are queued.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// The customer whose session it is.
    pub customer: CustomerId,
    /// The queue of its connection.
    pub queue: Arc<SendQueue>,
}

/// Subscribers with the same variant share one encoded frame.
type Subscribers = HashMap<FrameVariant, Vec<Subscriber>>;
type Shard = HashMap<Channel, Subscribers>;

/// The subscriptions of this node.
#[derive(Debug)]
pub struct Registry {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    customers: Customers,
    /// Makes `message-id` unique over all nodes and restarts.
    node: String,
    messages: AtomicU64,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            customers: Customers::default(),
            node: format!("{:x}", Uuid::new_v4().as_u64_pair().0),
            messages: AtomicU64::new(0),
        }
    }
}

impl Registry {
    /// From when this returns on, messages of the channel reach the subscriber.
    pub fn add(&self, channel: Channel, variant: FrameVariant, subscriber: Subscriber) {
        self.shard(channel)
            .entry(channel)
            .or_default()
            .entry(variant)
            .or_default()
            .push(subscriber);
        if let Channel::Own(customer, _) = channel {
            self.customers.begin(customer);
        }
        metrics::gauge!("colloquy_websocket_subscriptions").increment(1);
    }

    /// From when this returns on, no message of the channel reaches the queue in this variant.
    pub fn remove(&self, channel: Channel, variant: &FrameVariant, queue: &Arc<SendQueue>) {
        let mut shard = self.shard(channel);
        let Some(subscribers) = shard.get_mut(&channel) else {
            return;
        };
        let Some(sharing) = subscribers.get_mut(variant) else {
            return;
        };
        let is_its = |subscriber: &Subscriber| Arc::ptr_eq(&subscriber.queue, queue);
        let Some(at) = sharing.iter().position(is_its) else {
            return;
        };
        sharing.swap_remove(at);
        if sharing.is_empty() {
            subscribers.remove(variant);
        }
        if subscribers.is_empty() {
            shard.remove(&channel);
        }
        if let Channel::Own(customer, _) = channel {
            self.customers.end(customer);
        }
        metrics::gauge!("colloquy_websocket_subscriptions").decrement(1);
    }

    /// Queues one message for the subscribers of these channels: encoded once for each variant, without waiting. Returns
    /// what was queued.
    pub fn publish(
        &self,
        destination: Destination,
        channels: impl IntoIterator<Item = Channel>,
        body: &Bytes,
    ) -> Queued {
        let mut encoding = self.encoding(destination, body);
        let mut queued = Queued::default();
        for channel in channels {
            self.deliver(channel, |variant, subscribers| {
                let frame = encoding.frame(variant);
                for Subscriber { queue, .. } in subscribers {
                    if queue.push(frame.clone()) {
                        queued.full.push(Arc::clone(queue));
                    }
                }
                queued.frames += subscribers.len();
                queued.octets += subscribers.len() * frame.len();
            });
        }
        queued
    }

    /// Queues a customer's state in a room for its subscribers; of a state only the newest frame counts.
    pub fn publish_conflated(
        &self,
        destination: Destination,
        customer: CustomerId,
        body: &Bytes,
    ) -> Queued {
        let mut encoding = self.encoding(destination, body);
        let mut queued = Queued::default();
        self.deliver(Channel::Room(destination), |variant, subscribers| {
            let frame = encoding.frame(variant);
            let key = Arc::new(ConflationKey {
                destination,
                customer,
                subscription: Arc::clone(&variant.subscription),
            });
            for subscriber in subscribers {
                let key = Arc::clone(&key);
                subscriber.queue.push_conflated(key, frame.clone());
            }
            queued.frames += subscribers.len();
            queued.octets += subscribers.len() * frame.len();
        });
        queued
    }

    /// Queues a customer's state for one subscriber, as [`Registry::publish_conflated`] does for all of them.
    pub fn greet(
        &self,
        destination: Destination,
        customer: CustomerId,
        body: &Bytes,
        (variant, queue): (&FrameVariant, &SendQueue),
    ) {
        let key = ConflationKey {
            destination,
            customer,
            subscription: Arc::clone(&variant.subscription),
        };
        let frame = self.encoding(destination, body).frame(variant);
        queue.push_conflated(Arc::new(key), frame);
    }

    /// Whether a message of the channel would reach a subscriber.
    #[must_use]
    pub fn has_subscribers(&self, channel: Channel) -> bool {
        self.shard(channel).contains_key(&channel)
    }

    /// The customers with subscriptions to destinations of their own.
    #[must_use]
    pub fn customers(&self) -> &Customers {
        &self.customers
    }

    /// How many channels have a subscriber.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    /// Hands over the subscribers of a channel, variant by variant.
    fn deliver(&self, channel: Channel, mut hand: impl FnMut(&FrameVariant, &[Subscriber])) {
        let shard = self.shard(channel);
        let mut deliveries = 0;
        for (variant, subscribers) in shard.get(&channel).into_iter().flatten() {
            hand(variant, subscribers);
            deliveries += subscribers.len();
        }
        if deliveries > 0 {
            metrics::counter!("colloquy_websocket_deliveries_total").increment(deliveries as u64);
        }
    }

    fn shard(&self, channel: Channel) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(channel);
        lock(&self.shards[hash as usize % SHARDS])
    }

    fn encoding<'a>(
        &'a self,
        destination: Destination,
        body: &'a Bytes,
    ) -> Encoding<'a, impl Fn() -> String> {
        Encoding::new(destination, body, || {
            let message = self.messages.fetch_add(1, Ordering::Relaxed);
            format!("{}-{message}", self.node)
        })
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use colloquy_contracts::RoomId;

    use super::*;
    use crate::send_queue::Next;

    const ROOM: Destination = Destination::Message(RoomId(1));
    const ALICE: CustomerId = CustomerId(1);
    const BOB: CustomerId = CustomerId(2);

    fn queue() -> Arc<SendQueue> {
        Arc::new(SendQueue::new(64 * 1024))
    }

    fn subscriber(customer: CustomerId, queue: &Arc<SendQueue>) -> Subscriber {
        let queue = Arc::clone(queue);
        Subscriber { customer, queue }
    }

    fn variant(subscription: &str) -> FrameVariant {
        FrameVariant {
            subscription: subscription.into(),
            acknowledged: false,
        }
    }

    fn publish(registry: &Registry, channel: Channel, body: &'static [u8]) {
        let (Channel::Room(destination) | Channel::Own(_, destination)) = channel;
        registry.publish(destination, [channel], &Bytes::from_static(body));
    }

    fn taken(queue: &SendQueue) -> Vec<String> {
        std::iter::from_fn(|| match queue.next() {
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
        let (registry, queue) = (Registry::default(), queue());
        for id in ["a", "b"] {
            registry.add(Channel::Room(ROOM), variant(id), subscriber(ALICE, &queue));
        }

        publish(&registry, Channel::Room(ROOM), b"{}");

        let mut frames = taken(&queue);
        frames.sort();
        let ids: Vec<_> = frames
            .iter()
            .map(|frame| header(frame, "subscription"))
            .collect();
        assert_eq!(ids, [Some("a"), Some("b")]);
    }

    #[test]
    fn stomp_s4_nothing_is_queued_after_the_removal_and_the_others_stay() {
        let (registry, gone, stays) = (Registry::default(), queue(), queue());
        for queue in [&gone, &stays] {
            registry.add(Channel::Room(ROOM), variant("0"), subscriber(ALICE, queue));
        }

        registry.remove(Channel::Room(ROOM), &variant("unknown"), &gone);
        registry.remove(Channel::Room(ROOM), &variant("0"), &gone);
        registry.remove(Channel::Room(ROOM), &variant("0"), &gone);
        publish(&registry, Channel::Room(ROOM), b"{}");

        assert_eq!(taken(&gone), Vec::<String>::new());
        assert_eq!(taken(&stays).len(), 1);
    }

    #[test]
    fn stomp_s2_only_subscriptions_that_acknowledge_carry_ack() {
        let (registry, queue) = (Registry::default(), queue());
        for (subscription, acknowledged) in [("auto", false), ("client", true)] {
            let variant = FrameVariant {
                subscription: subscription.into(),
                acknowledged,
            };
            registry.add(Channel::Room(ROOM), variant, subscriber(ALICE, &queue));
        }

        publish(&registry, Channel::Room(ROOM), b"{}");

        let frames = taken(&queue);
        assert_eq!(frames.len(), 2);
        for frame in frames {
            let acknowledged = header(&frame, "subscription") == Some("client");
            assert_eq!(header(&frame, "ack").is_some(), acknowledged, "{frame}");
        }
    }

    #[test]
    fn stomp_s5_message_ids_are_unique_and_all_share_one_frame_a_variant() {
        let (registry, first, second) = (Registry::default(), queue(), queue());
        for queue in [&first, &second] {
            registry.add(Channel::Room(ROOM), variant("0"), subscriber(ALICE, queue));
        }
        publish(&registry, Channel::Room(ROOM), b"1");
        publish(&registry, Channel::Room(ROOM), b"2");

        let frames = taken(&first);
        assert_ne!(
            header(&frames[0], "message-id"),
            header(&frames[1], "message-id")
        );
        assert_eq!(frames, taken(&second));
    }

    #[test]
    fn stomp_s6_what_is_private_reaches_every_session_of_its_owner_alone() {
        let registry = Registry::default();
        let (phone, laptop, other) = (queue(), queue(), queue());
        for (customer, queue) in [(ALICE, &phone), (ALICE, &laptop), (BOB, &other)] {
            let channel = Channel::of(customer, Destination::Rooms);
            registry.add(channel, variant("0"), subscriber(customer, queue));
        }

        publish(&registry, Channel::Own(ALICE, Destination::Rooms), b"{}");

        let heard = taken(&phone);
        assert_eq!(heard.len(), 1);
        assert_eq!(header(&heard[0], "destination"), Some("/user/topic/rooms"));
        assert_eq!(heard, taken(&laptop));
        assert_eq!(taken(&other), Vec::<String>::new());
    }

    #[test]
    fn stomp_n9_what_came_and_went_leaves_no_entry() {
        let (registry, queue) = (Registry::default(), queue());
        for room in 0..1_000 {
            let channel = Channel::Room(Destination::Typing(RoomId(room)));
            registry.add(channel, variant("0"), subscriber(ALICE, &queue));
        }
        assert_eq!(registry.channels(), 1_000);
        for room in 0..1_000 {
            let channel = Channel::Room(Destination::Typing(RoomId(room)));
            registry.remove(channel, &variant("0"), &queue);
        }
        assert_eq!(registry.channels(), 0);
        assert_eq!(Arc::strong_count(&queue), 1);
    }
}
