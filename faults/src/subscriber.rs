//! A subscriber as contract and decision 18 want it: subscribe with receipts, then fetch history, then live on pushes;
//! after a lost connection, again. It keeps everything it saw, by room and by connection.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use colloquy_e2e::client::{Client, Message, RoomView, Socket};
use tokio::{
    sync::watch,
    time::{interval, sleep, timeout},
};

const PAUSE: Duration = Duration::from_millis(50);
/// How long a push may lag behind the view that tells of it before we fetch.
const LOOK: Duration = Duration::from_millis(300);
/// How long a connection may be silent before we look whether it is still there.
const SILENCE: Duration = Duration::from_secs(600);
/// Reconnecting takes this long at most, with a system that comes back.
const SETUP: Duration = Duration::from_secs(30);

/// What one connection showed of one room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The highest seq in history when it was last fetched over this connection's life; `None` if it never was.
    pub fetched: Option<i64>,
    /// Pushed seqs in the order of their arrival.
    pub pushed: Vec<i64>,
}

/// What one subscriber holds at the end.
#[derive(Clone, Debug, Default)]
pub struct Holding {
    /// By room, by seq: message id and content.
    pub messages: BTreeMap<i64, BTreeMap<i64, (i64, String)>>,
    /// Each connection in turn, by room.
    pub connections: Vec<BTreeMap<i64, Seen>>,
    /// Two different messages under one seq: room and seq.
    pub contradictions: Vec<(i64, i64)>,
}

impl Holding {
    fn keep(&mut self, message: &Message) {
        let value = (message.message_id, message.content.clone());
        let room = self.messages.entry(message.room_id).or_default();
        if room
            .insert(message.seq, value.clone())
            .is_some_and(|before| before != value)
        {
            self.contradictions.push((message.room_id, message.seq));
        }
    }

    /// How far this room is held without a gap.
    fn known(&self, room: i64) -> i64 {
        self.messages
            .get(&room)
            .map_or(0, |messages| contiguous(messages.keys().copied()))
    }

    fn seen(&mut self, room: i64) -> &mut Seen {
        if self.connections.is_empty() {
            self.connections.push(BTreeMap::new());
        }
        let last = self
            .connections
            .last_mut()
            .expect("one was just made sure of");
        last.entry(room).or_default()
    }
}

/// One subscriber at work.
pub struct Subscriber {
    pub client: Client,
    pub rooms: Arc<[i64]>,
    /// How many different messages it holds; read by whoever waits for it.
    pub held: Arc<AtomicUsize>,
    pub stop: watch::Receiver<bool>,
}

impl Subscriber {
    /// Follows all rooms until told to stop.
    pub async fn follow(mut self) -> Holding {
        let mut holding = Holding::default();
        while !*self.stop.borrow() {
            holding.connections.push(BTreeMap::new());
            let set_up = timeout(SETUP, self.set_up(&mut holding)).await;
            self.count(&holding);
            if let Ok(Ok(mut socket)) = set_up {
                self.live(&mut socket, &mut holding).await;
            }
            sleep(PAUSE).await;
        }
        holding
    }

    /// Connects, subscribes to the rooms' views and to every room, then fetches what history has that we do not.
    async fn set_up(&self, holding: &mut Holding) -> Result<Socket> {
        let mut socket =
            Socket::connect(self.client.url(), self.client.token().unwrap_or_default()).await?;
        socket.subscribe("/user/topic/rooms").await?;
        for room in self.rooms.iter() {
            socket.subscribe_room(*room).await?;
        }
        for room in self.rooms.iter() {
            self.fetch(*room, holding).await?;
        }
        Ok(socket)
    }

    /// Pages back from the newest message until what is held already.
    async fn fetch(&self, room: i64, holding: &mut Holding) -> Result<()> {
        let known = holding.known(room);
        let mut page = self.client.history(room).await?;
        let highest = page.first().map_or(0, |message| message.seq);
        while let Some(oldest) = page.last() {
            let (id, seq) = (oldest.message_id, oldest.seq);
            page.iter().for_each(|message| holding.keep(message));
            if seq <= known + 1 {
                break;
            }
            page = self.client.history_before(room, id).await?;
        }
        holding.seen(room).fetched = Some(highest);
        Ok(())
    }

    /// Reads pushes until the connection breaks, or until the stop signal. A view that tells a newer message than is
    /// held, for longer than a push takes, sends us back to history (decision 18).
    async fn live(&mut self, socket: &mut Socket, holding: &mut Holding) {
        let mut told: BTreeMap<i64, i64> = BTreeMap::new();
        let mut look = interval(LOOK);
        loop {
            let frame = tokio::select! {
                frame = socket.next_within(SILENCE) => frame,
                _ = self.stop.changed() => return,
                _ = look.tick() => {
                    let behind = |(room, seq): &(i64, i64)| holding.known(*room) < *seq;
                    for (room, _) in std::mem::take(&mut told).into_iter().filter(behind).collect::<Vec<_>>() {
                        if self.fetch(room, holding).await.is_err() {
                            return;
                        }
                    }
                    self.count(holding);
                    continue;
                }
            };
            let Ok(frame) = frame else { return };
            if frame.header("destination") == Some("/user/topic/rooms") {
                let Ok(view) = frame.json::<RoomView>() else {
                    return;
                };
                let last = view
                    .last_message
                    .filter(|_| self.rooms.contains(&view.room_id));
                told.extend(last.map(|last| (view.room_id, last.seq)));
                continue;
            }
            let Ok(message) = frame.json::<Message>() else {
                return;
            };
            holding.keep(&message);
            holding.seen(message.room_id).pushed.push(message.seq);
            told.entry(message.room_id).or_insert(message.seq);
            self.count(holding);
        }
    }

    fn count(&self, holding: &Holding) {
        self.held.store(
            holding.messages.values().map(BTreeMap::len).sum(),
            Ordering::Relaxed,
        );
    }
}

/// How far a list of seqs goes without a gap from 1.
fn contiguous(seqs: impl Iterator<Item = i64>) -> i64 {
    let count = seqs
        .zip(1..)
        .take_while(|(seq, expected)| seq == expected)
        .count();
    i64::try_from(count).unwrap_or(i64::MAX)
}
