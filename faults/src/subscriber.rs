//! A subscriber as contract and decision 18 want it: subscribe with receipts, then fetch history, then live on pushes;
//! after a lost connection, again. It logs everything it got, by room and by connection.

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

const RECONNECT_PAUSE: Duration = Duration::from_millis(50);
/// How long a push may lag behind the view that has its message, before history is fetched.
const PUSH_LAG: Duration = Duration::from_millis(300);
/// How long a connection may be silent before it counts as lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);
/// Reconnecting takes this long at most, with a system that comes back.
const SETUP_TIMEOUT: Duration = Duration::from_secs(30);

/// One subscriber at work.
pub struct Subscriber {
    pub client: Client,
    pub rooms: Arc<[i64]>,
    /// What it got so far; the audit reads it while it grows.
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
    /// Follows all rooms until the stop signal.
    pub async fn follow(self) {
        while !*self.stop.borrow() {
            self.with(SubscriberLog::connect);
            if let Ok(Ok(mut socket)) = timeout(SETUP_TIMEOUT, self.set_up()).await {
                self.live(&mut socket, self.stop.clone()).await;
            }
            self.with(SubscriberLog::disconnect);
            sleep(RECONNECT_PAUSE).await;
        }
    }

    /// Connects, subscribes to the rooms' views and to every room, then fetches the history of those whose view
    /// has more than the subscriber.
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

    /// Reads pushes until the connection breaks, or until the stop signal. A view with a newer message than the
    /// subscriber has, for longer than a push takes, makes it fetch history (decision 18); pushes are read meanwhile.
    async fn live(&self, socket: &mut Socket, mut stop: watch::Receiver<bool>) {
        let mut newest = BTreeMap::new();
        let mut look = interval(PUSH_LAG);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut mending = pin!(Fuse::terminated());
        loop {
            let may_look = mending.is_terminated();
            tokio::select! {
                frame = socket.next_within(IDLE_TIMEOUT) => {
                    if frame.and_then(|frame| self.take(&frame, &mut newest)).is_err() {
                        return;
                    }
                }
                _ = stop.changed() => return,
                left = &mut mending => for (room, seq) in left {
                    newest.entry(room).or_insert(seq);
                },
                _ = look.tick(), if may_look => mending.set(self.mend(mem::take(&mut newest)).fuse()),
            }
        }
    }

    /// Takes in a push; `newest` is how far each room is known to go.
    fn take(&self, frame: &Frame, newest: &mut BTreeMap<i64, i64>) -> Result<()> {
        if frame.header("destination") == Some("/user/topic/rooms") {
            let view: RoomView = frame.json()?;
            let last = view
                .last_message
                .filter(|_| self.rooms.contains(&view.room_id));
            newest.extend(last.map(|last| (view.room_id, last.seq)));
            return Ok(());
        }
        let message: Message = frame.json()?;
        self.with(|log| {
            log.keep(&message);
            if let Some(room_log) = log.room_log(message.room_id) {
                room_log.pushed.push(message.seq);
            }
        });
        newest.entry(message.room_id).or_insert(message.seq);
        Ok(())
    }

    /// Fetches the rooms that have newer messages; answers those that cannot be fetched yet.
    async fn mend(&self, mut newest: BTreeMap<i64, i64>) -> BTreeMap<i64, i64> {
        newest.retain(|room, seq| self.with(|log| log.known(*room)) < *seq);
        for room in newest.keys().copied().collect::<Vec<_>>() {
            if self.fetch(room, Fetch::Mend).await.is_ok() {
                newest.remove(&room);
            }
        }
        newest
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
            && let Some(room_log) = log.room_log(message.room_id)
        {
            room_log.mended.insert(message.seq, Instant::now());
        }
    }
}
