//! From the store's notices to the sockets: the subscribers of this node are notified of every customer who comes online,
//! goes offline, begins or ends typing, in the order of the notices.
//!
//! Notices are fire and forget. Whenever some may be missing, or the store seems to have lost its sets, the states of all
//! customers are read, after the time in which those who are there come back.

use bytes::Bytes;
use colloquy_chassis::backoff::Backoff;
use colloquy_contracts::{
    CustomerId, Destination, RoomId,
    presence::{OnlineStatus, TypingStatus},
};
use colloquy_expiring_store::{ExpiringStoreError, Notice, Watch};
use futures_util::future::try_join_all;
use serde::Serialize;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{Presence, presence_key::PresenceKey, rooms::Learned};
use crate::fanout::{recent::Recent, registry::Registry, yield_budget::YieldBudget};

/// Reads of the store that are under way at once.
const READS: usize = 64;

/// Whether each customer was announced as online last. Of a customer who is forgotten a state may be announced again;
/// nothing is lost.
type LastAnnounced = Recent<CustomerId, Option<bool>>;

/// Notifies the subscribers, for ever.
pub async fn run(presence: &Presence, registry: &Registry) {
    let (sender, late) = mpsc::channel(1);
    tokio::join!(
        presence.rooms.keep_learning(sender),
        notify(presence, registry, late)
    );
}

async fn notify(presence: &Presence, registry: &Registry, mut late: mpsc::Receiver<Learned>) {
    let (mut watch, missed) = watch(presence).await;
    let mut notifier = PresenceNotifier {
        presence,
        registry,
        last_announced: LastAnnounced::default(),
        check_online_at: None,
        check_typing_at: None,
        budget: YieldBudget::default(),
    };
    if missed {
        notifier.check_online_soon();
    }
    loop {
        let check_at = [notifier.check_online_at, notifier.check_typing_at];
        let check_at = check_at.into_iter().flatten().min();
        tokio::select! {
            notice = watch.next() => notifier.handle(notice).await,
            Some(learned) = late.recv() => notifier.catch_up(learned).await,
            () = sleep_until(check_at.unwrap_or_else(Instant::now)), if check_at.is_some() => {
                notifier.check().await;
            }
        }
    }
}

/// The watch, and whether notices may have been missed before it began. No client is let in before the first attempt.
async fn watch(presence: &Presence) -> (Watch, bool) {
    let (mut backoff, mut missed) = (Backoff::default(), false);
    loop {
        let watch = presence.publisher.store.watch().await;
        presence.watch_attempted.send_replace(true);
        match watch {
            Ok(watch) => return (watch, missed),
            Err(error) => {
                tracing::warn!(%error, "waiting for the expiring store; presence is not announced");
                missed = true;
                backoff.wait().await;
            }
        }
    }
}

/// The body of the MESSAGE that announces a state.
pub(crate) fn encoded(state: &impl Serialize) -> Bytes {
    let body = serde_json::to_vec(state).expect("a state holds only numbers and flags");
    Bytes::from(body)
}

struct PresenceNotifier<'a> {
    presence: &'a Presence,
    registry: &'a Registry,
    last_announced: LastAnnounced,
    check_online_at: Option<Instant>,
    check_typing_at: Option<Instant>,
    budget: YieldBudget,
}

impl PresenceNotifier<'_> {
    async fn handle(&mut self, notice: Notice) {
        let (set, is_occupied) = match notice {
            Notice::Occupied { set } => (set, true),
            Notice::Emptied { set } | Notice::Expired { key: set } => (set, false),
            Notice::Missed => {
                self.check_online_soon();
                return self.check_typing_soon();
            }
        };
        let Some(key) = PresenceKey::of_set(&set) else {
            return;
        };
        let is_news = self.announce(key, is_occupied).await;
        if is_occupied && !is_news {
            match key {
                // The store has lost this customer, and so perhaps others who will not come back.
                PresenceKey::Online(_) => self.check_online_soon(),
                // After the last heartbeat of the typing: its end may have been lost with the set.
                PresenceKey::Typing(..) => self.check_typing_soon(),
            }
        }
    }

    /// Announces a state unless it is the one that was announced last, and answers whether it did.
    async fn announce(&mut self, key: PresenceKey, is_occupied: bool) -> bool {
        match key {
            PresenceKey::Online(customer) => {
                let announced = self.last_announced.get_or_insert(customer);
                if announced.replace(is_occupied) == Some(is_occupied) {
                    return false;
                }
                for room in self.presence.rooms.of(customer) {
                    self.announce_online(room, customer, is_occupied).await;
                }
                true
            }
            PresenceKey::Typing(room, customer) => {
                self.announce_typing(room, customer, is_occupied).await
            }
        }
    }

    async fn announce_online(&mut self, room: RoomId, customer_id: CustomerId, online: bool) {
        let body = OnlineStatus {
            customer_id,
            online,
        };
        let destination = Destination::OnlineStatus(room);
        let queued = self
            .registry
            .publish_conflated(destination, customer_id, &encoded(&body));
        self.budget.charge(queued).await;
    }

    async fn announce_typing(
        &mut self,
        room_id: RoomId,
        customer_id: CustomerId,
        typing: bool,
    ) -> bool {
        let body = encoded(&TypingStatus {
            room_id,
            typing,
            customer_id,
        });
        let typists = &self.presence.typists;
        let published = typists.note(room_id, customer_id, typing, || {
            self.registry
                .publish_conflated(Destination::Typing(room_id), customer_id, &body)
        });
        let Some(queued) = published else {
            return false;
        };
        self.budget.charge(queued).await;
        true
    }

    /// By then every customer who is online has been renewed since the last notice.
    fn check_online_soon(&mut self) {
        self.check_online_at = Some(Instant::now() + self.presence.times.renew * 3 / 2);
    }

    fn check_typing_soon(&mut self) {
        self.check_typing_at = Some(Instant::now() + self.presence.times.typing);
    }

    /// Reads the states whose check is due, and announces those that differ from what was announced.
    async fn check(&mut self) {
        let now = Instant::now();
        if self.check_online_at.take_if(|at| *at <= now).is_some() {
            let customers = self.presence.rooms.participants();
            let keys = customers.into_iter().map(PresenceKey::Online).collect();
            if self.announce_changes(keys).await.is_err() {
                self.check_online_soon();
            }
        }
        if self.check_typing_at.take_if(|at| *at <= now).is_some() {
            let typists = self.presence.typists.all().into_iter();
            let keys = typists.map(|(room, customer)| PresenceKey::Typing(room, customer));
            if self.announce_changes(keys.collect()).await.is_err() {
                self.check_typing_soon();
            }
        }
    }

    async fn announce_changes(&mut self, keys: Vec<PresenceKey>) -> Result<(), ExpiringStoreError> {
        for keys in keys.chunks(READS) {
            for (key, is_occupied) in keys.iter().zip(self.read(keys).await?) {
                self.announce(*key, is_occupied).await;
            }
        }
        Ok(())
    }

    /// Announces the states in a room whose participants were not known until now: its subscribers may have missed
    /// changes.
    async fn catch_up(&mut self, (room, participants): Learned) {
        for customers in participants.chunks(READS) {
            let keys: Vec<_> = customers.iter().copied().map(PresenceKey::Online).collect();
            let Ok(states) = self.read(&keys).await else {
                return self.check_online_soon();
            };
            for (customer, online) in customers.iter().zip(states) {
                self.announce_online(room, *customer, online).await;
            }
        }
    }

    /// Whether each of these sets has members.
    async fn read(&self, keys: &[PresenceKey]) -> Result<Vec<bool>, ExpiringStoreError> {
        let store = &self.presence.publisher.store;
        let reads = keys.iter().map(async |key| {
            let members = store.members(&key.set_key()).await?;
            Ok(!members.is_empty())
        });
        try_join_all(reads).await
    }
}
