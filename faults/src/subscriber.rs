//! A subscriber as contract and decision 18 want it: subscribe with receipts, then fetch history, then live on pushes;
//! after a lost connection, again. It keeps everything it saw, by room and by connection.

use std::{
    collections::BTreeMap,
    mem,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use colloquy_e2e::client::{Client, Frame, Message, RoomView, Socket};
use futures_util::future::{Fuse, FusedFuture as _, FutureExt as _};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

use crate::subscriber_log::SubscriberLog;

const PAUSE: Duration = Duration::from_millis(50);
/// How long a push may lag behind the view that tells of it before we fetch.
const LOOK: Duration = Duration::from_millis(300);
/// How long a connection may be silent before we look whether it is still there.
const SILENCE: Duration = Duration::from_secs(600);
/// Reconnecting takes this long at most, with a system that comes back.
const SETUP: Duration = Duration::from_secs(30);

/// One subscriber at work.
pub struct Subscriber {
    pub client: Client,
    pub rooms: Arc<[i64]>,
    /// Looked at by whoever audits, while it grows.
    pub log: Arc<Mutex<SubscriberLog>>,
    pub stop: watch::Receiver<bool>,
}

/// Messages fetched at once: twenty subscribers that come back together ask for everything they missed.
const PAGE: u32 = 100;

/// Why history is fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fetch {
    SetUp,
    Mend,
}

impl Subscriber {
    /// Follows all rooms until told to stop.
    pub async fn follow(self) {
        while !*self.stop.borrow() {
            self.with(SubscriberLog::connect);
            if let Ok(Ok(mut socket)) = timeout(SETUP, self.set_up()).await {
                self.live(&mut socket, self.stop.clone()).await;
            }
            self.with(SubscriberLog::disconnect);
            sleep(PAUSE).await;
        }
    }

    /// Connects, subscribes to the rooms' views and to every room, then fetches the history of those whose view
    /// tells more than is held.
    async fn set_up(&self) -> Result<Socket> {
        let mut socket =
            Socket::connect(self.client.url(), self.client.token().unwrap_or_default()).await?;
        socket.subscribe("/user/topic/rooms").await?;
        for room in self.rooms.iter() {
            socket.subscribe_room(*room).await?;
            self.with(|log| log.subscribed(*room));
        }
        for view in self.client.rooms().await? {
            let newest = view.last_message.map_or(0, |last| last.seq);
            let behind = self.with(|log| log.known(view.room_id)) < newest;
            if behind && self.rooms.contains(&view.room_id) {
                self.fetch(view.room_id, Fetch::SetUp).await?;
            }
        }
        Ok(socket)
    }

    /// Pages back from the newest message until what is held already.
    async fn fetch(&self, room: i64, why: Fetch) -> Result<()> {
        let known = self.with(|log| log.known(room));
        let mut page = self.client.history_page(room, None, PAGE).await?;
        while let Some(oldest) = page.last() {
            let (id, seq) = (oldest.message_id, oldest.seq);
            self.with(|log| keep(log, &page, why));
            if seq <= known + 1 {
                break;
            }
            page = self.client.history_page(room, Some(id), PAGE).await?;
        }
        Ok(())
    }

    /// Reads pushes until the connection breaks, or until the stop signal. A view that tells a newer message than is
    /// held, for longer than a push takes, sends us back to history (decision 18); pushes are read meanwhile.
    async fn live(&self, socket: &mut Socket, mut stop: watch::Receiver<bool>) {
        let mut told = BTreeMap::new();
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut mending = pin!(Fuse::terminated());
        loop {
            let may_look = mending.is_terminated();
            tokio::select! {
                frame = socket.next_within(SILENCE) => {
                    if frame.and_then(|frame| self.take(&frame, &mut told)).is_err() {
                        return;
                    }
                }
                _ = stop.changed() => return,
                left = &mut mending => for (room, seq) in left {
                    told.entry(room).or_insert(seq);
                },
                _ = look.tick(), if may_look => mending.set(self.mend(mem::take(&mut told)).fuse()),
            }
        }
    }

    /// Takes in a push; `told` is how far each room is known to go.
    fn take(&self, frame: &Frame, told: &mut BTreeMap<i64, i64>) -> Result<()> {
        if frame.header("destination") == Some("/user/topic/rooms") {
            let view: RoomView = frame.json()?;
            let last = view
                .last_message
                .filter(|_| self.rooms.contains(&view.room_id));
            told.extend(last.map(|last| (view.room_id, last.seq)));
            return Ok(());
        }
        let message: Message = frame.json()?;
        self.with(|log| {
            log.keep(&message);
            if let Some(seen) = log.seen(message.room_id) {
                seen.pushed.push(message.seq);
            }
        });
        told.entry(message.room_id).or_insert(message.seq);
        Ok(())
    }

    /// Fetches what was told of and is not held; answers what cannot be fetched yet.
    async fn mend(&self, mut told: BTreeMap<i64, i64>) -> BTreeMap<i64, i64> {
        told.retain(|room, seq| self.with(|log| log.known(*room)) < *seq);
        for room in told.keys().copied().collect::<Vec<_>>() {
            if self.fetch(room, Fetch::Mend).await.is_ok() {
                told.remove(&room);
            }
        }
        told
    }

    fn with<T>(&self, look: impl FnOnce(&mut SubscriberLog) -> T) -> T {
        look(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn keep(log: &mut SubscriberLog, page: &[Message], why: Fetch) {
    for message in page {
        let is_new = log.keep(message);
        if is_new
            && why == Fetch::Mend
            && let Some(seen) = log.seen(message.room_id)
        {
            seen.mended.insert(message.seq, Instant::now());
        }
    }
}
