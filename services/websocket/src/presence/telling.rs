//! From the store's notices to the sockets: whoever comes online, goes, begins to type or ends is told to the subscribers
//! of this node, in the order of the notices.
//!
//! Notices are fire and forget. Whenever some may be missing, or the store seems to have lost what it held, everybody's
//! state is read once those who are there have had the time to come back.

use bytes::Bytes;
use colloquy_chassis::backoff::Backoff;
use colloquy_contracts::{
    CustomerId, Destination, RoomId,
    presence::{ONLINE_SESSIONS, OnlineStatus, TYPING, TypingStatus},
};
use colloquy_expiring_store::{ExpiringStoreError, Notice, Watch};
use futures_util::future::try_join_all;
use serde::Serialize;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{Presence, rooms::Learned, sign::Sign, told::Told};
use crate::fanout::{registry::Registry, turn::Turn};

/// Reads of the store that are under way at once.
const READS: usize = 64;

/// Tells what is noticed, for ever.
pub async fn run(presence: &Presence, registry: &Registry) {
    let (sender, late) = mpsc::channel(1);
    tokio::join!(
        presence.rooms.keep_learning(sender),
        tell(presence, registry, late)
    );
}

async fn tell(presence: &Presence, registry: &Registry, mut late: mpsc::Receiver<Learned>) {
    let (mut online, mut typing, missed) = watch(presence).await;
    let mut telling = Telling {
        presence,
        registry,
        told: Told::default(),
        check_online_at: None,
        check_typing_at: None,
        turn: Turn::default(),
    };
    if missed {
        telling.check_online_soon();
    }
    loop {
        let check_at = [telling.check_online_at, telling.check_typing_at];
        let check_at = check_at.into_iter().flatten().min();
        tokio::select! {
            notice = online.next() => telling.noticed(notice, true).await,
            notice = typing.next() => telling.noticed(notice, false).await,
            Some(learned) = late.recv() => telling.catch_up(learned).await,
            () = sleep_until(check_at.unwrap_or_else(Instant::now)), if check_at.is_some() => {
                telling.check().await;
            }
        }
    }
}

/// The watches, and whether something may have been missed before they began. Nobody is let in before the first try.
async fn watch(presence: &Presence) -> (Box<dyn Watch>, Box<dyn Watch>, bool) {
    let store = presence.keeper.store();
    let (mut backoff, mut missed) = (Backoff::default(), false);
    loop {
        let watches = tokio::try_join!(store.watch(ONLINE_SESSIONS), store.watch(TYPING));
        presence.tried.send_replace(true);
        match watches {
            Ok((online, typing)) => return (online, typing, missed),
            Err(error) => {
                tracing::warn!(%error, "waiting for the expiring store; presence is not announced");
                missed = true;
                backoff.wait().await;
            }
        }
    }
}

/// The body of the MESSAGE that tells a state.
pub(crate) fn encoded(state: &impl Serialize) -> Bytes {
    let body = serde_json::to_vec(state).expect("a state holds only numbers and flags");
    Bytes::from(body)
}

struct Telling<'a> {
    presence: &'a Presence,
    registry: &'a Registry,
    told: Told,
    check_online_at: Option<Instant>,
    check_typing_at: Option<Instant>,
    turn: Turn,
}

impl Telling<'_> {
    async fn noticed(&mut self, notice: Notice, about_online: bool) {
        let (key, holds) = match notice {
            Notice::Occupied { set } => (set, true),
            Notice::Emptied { set } | Notice::Expired { key: set } => (set, false),
            Notice::Missed if about_online => return self.check_online_soon(),
            Notice::Missed => return self.check_typing_soon(),
            // A node says again that a customer types, for nodes that have not heard the beginning.
            // The typing may have ended before that was said: it is looked at once nothing more is said.
            Notice::Published { channel, .. } => {
                self.check_typing_soon();
                (channel, true)
            }
        };
        match Sign::of_key(&key) {
            Some(Sign::Online(customer)) => {
                if holds && self.told.is_online(customer) {
                    // The store has lost them, and so perhaps others who will not come back.
                    self.check_online_soon();
                }
                self.online(customer, holds).await;
            }
            Some(Sign::Typing(room, customer)) => self.typing(room, customer, holds).await,
            None => {}
        }
    }

    /// Tells whether somebody is online in all their rooms, unless it was told.
    async fn online(&mut self, customer: CustomerId, online: bool) {
        if !self.told.online(customer, online) {
            return;
        }
        for room in self.presence.rooms.of(customer) {
            self.tell_online(room, customer, online).await;
        }
    }

    async fn tell_online(&mut self, room: RoomId, customer_id: CustomerId, online: bool) {
        let body = OnlineStatus {
            customer_id,
            online,
        };
        let destination = Destination::OnlineStatus(room);
        let queued = self
            .registry
            .publish_passing(destination, customer_id, &encoded(&body));
        self.turn.queued(queued).await;
    }

    async fn typing(&mut self, room_id: RoomId, customer_id: CustomerId, typing: bool) {
        let body = encoded(&TypingStatus {
            room_id,
            typing,
            customer_id,
        });
        let typists = &self.presence.typists;
        let published = typists.note(room_id, customer_id, typing, || {
            self.registry
                .publish_passing(Destination::Typing(room_id), customer_id, &body)
        });
        if let Some(queued) = published {
            self.turn.queued(queued).await;
        }
    }

    /// Whoever is there has been renewed by then, after whatever was noticed last.
    fn check_online_soon(&mut self) {
        self.check_online_at = Some(Instant::now() + self.presence.times.renew * 3 / 2);
    }

    fn check_typing_soon(&mut self) {
        self.check_typing_at = Some(Instant::now() + self.presence.times.typing);
    }

    /// Tells what differs from what was told, as far as that is due.
    async fn check(&mut self) {
        let now = Instant::now();
        if self.check_online_at.take_if(|at| *at <= now).is_some()
            && self.check_online().await.is_err()
        {
            self.check_online_soon();
        }
        if self.check_typing_at.take_if(|at| *at <= now).is_some()
            && self.check_typing().await.is_err()
        {
            self.check_typing_soon();
        }
    }

    async fn check_online(&mut self) -> Result<(), ExpiringStoreError> {
        for customers in self.presence.rooms.everybody().chunks(READS) {
            for (customer, online) in self.read_online(customers).await? {
                self.online(customer, online).await;
            }
        }
        Ok(())
    }

    async fn check_typing(&mut self) -> Result<(), ExpiringStoreError> {
        for typing in self.presence.typists.all().chunks(READS) {
            let reads = typing.iter().map(async |(room, customer)| {
                let holds = self.holds(Sign::Typing(*room, *customer)).await?;
                Ok::<_, ExpiringStoreError>((*room, *customer, holds))
            });
            for (room, customer, holds) in try_join_all(reads).await? {
                self.typing(room, customer, holds).await;
            }
        }
        Ok(())
    }

    /// Tells the subscribers of a room of which it was not known who is in it how things are now: they may have missed
    /// changes.
    async fn catch_up(&mut self, (room, participants): Learned) {
        for customers in participants.chunks(READS) {
            let Ok(states) = self.read_online(customers).await else {
                return self.check_online_soon();
            };
            for (customer, online) in states {
                self.tell_online(room, customer, online).await;
            }
        }
    }

    async fn read_online(
        &self,
        customers: &[CustomerId],
    ) -> Result<Vec<(CustomerId, bool)>, ExpiringStoreError> {
        let reads = customers.iter().map(async |customer| {
            let online = self.holds(Sign::Online(*customer)).await?;
            Ok((*customer, online))
        });
        try_join_all(reads).await
    }

    async fn holds(&self, sign: Sign) -> Result<bool, ExpiringStoreError> {
        let members = self.presence.keeper.store().members(&sign.key()).await?;
        Ok(!members.is_empty())
    }
}
