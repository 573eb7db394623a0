//! A sender: one call after the other, each under a key of its own, tried until it is answered. Most calls are messages; in
//! between the sender marks messages as read, and creates rooms.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use colloquy_e2e::client::{CallError, Client};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{
    evidence::Marker,
    history::{Call, History, Op, Outcome},
};

/// How long a call is tried after the faults have stopped (promise P5).
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long one try may take; an answer is promised in half of it (P6).
const TRY_TIMEOUT: Duration = Duration::from_secs(10);
const RETRY_PAUSE: Duration = Duration::from_millis(50);
/// One message in this many is followed by a marker, and one in so many by a new room.
const MARK_INTERVAL: u32 = 10;
const CREATE_INTERVAL: u32 = 50;
/// A marker goes to one of the sender's latest so many messages, so that it is often asked to move back.
const MARK_AMONG: usize = 20;

pub struct Sender {
    pub number: u32,
    pub customer: i64,
    /// The members of the rooms it creates.
    pub others: Vec<i64>,
    pub client: Client,
    pub rooms: Arc<[i64]>,
    pub history: Arc<History>,
    pub pace: Duration,
    pub chance: fastrand::Rng,
    /// Makes keys, contents and names of this run differ from those of others on the same stores.
    pub run: u64,
    /// When the faults stopped.
    pub calm: watch::Receiver<Option<Instant>>,
}

impl Sender {
    /// Sends `count` messages to rooms drawn by chance, and marks the last one in each room at the end.
    pub async fn send_all(mut self, count: u32) {
        let begin = Instant::now();
        let mut sent = Vec::new();
        for number in 0..count {
            let due = begin + self.pace * number;
            sleep_until(due).await;
            let room = self.rooms[self.chance.usize(..self.rooms.len())];
            let key = format!("{}-{}-{number}", self.run, self.number);
            sent.extend(self.send(room, key.clone(), due).await);
            if number % MARK_INTERVAL == MARK_INTERVAL - 1 && !sent.is_empty() {
                let latest = &sent[sent.len().saturating_sub(MARK_AMONG)..];
                let (room, message) = latest[self.chance.usize(..latest.len())];
                self.mark(room, message, &format!("{key}-mark"), due).await;
            }
            if number % CREATE_INTERVAL == CREATE_INTERVAL / 2 {
                self.create_room(format!("{key}-room"), due).await;
            }
        }
        let newest: BTreeMap<i64, i64> = sent.into_iter().collect();
        for (room, message) in newest {
            let key = format!("{}-{}-last-{room}", self.run, self.number);
            self.mark(room, message, &key, Instant::now()).await;
        }
    }

    /// Answers room and id of an acknowledged message.
    async fn send(&self, room: i64, content: String, due: Instant) -> Option<(i64, i64)> {
        let send = || self.client.send(room, &content, Some(&content));
        let tried = self.until_answered(send).await;
        let message = match &tried.outcome {
            Outcome::Ok(sent) => Some((room, sent.message_id)),
            Outcome::Unknown | Outcome::Refused(_) => None,
        };
        self.record(due, tried, |outcome| Op::Message { content, outcome });
        message
    }

    async fn mark(&self, room: i64, message: i64, key: &str, due: Instant) {
        let mark = || self.client.mark_read(room, message, key);
        let marker = Marker {
            room_id: room,
            customer_id: self.customer,
            last_read_message_id: message,
        };
        let tried = self.until_answered(mark).await;
        self.record(due, tried, |outcome| Op::Marker { marker, outcome });
    }

    async fn create_room(&self, name: String, due: Instant) {
        let create = || self.client.create_room_once(&name, &self.others, &name);
        let mut participants = [&self.others[..], &[self.customer]].concat();
        participants.sort_unstable();
        let tried = self.until_answered(create).await;
        self.record(due, tried, |outcome| Op::Room {
            name,
            creator: self.customer,
            participants,
            outcome,
        });
    }

    async fn until_answered<T, F>(&self, once: impl Fn() -> F) -> Tried<T>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let began = Instant::now();
        let mut failed = 0;
        let outcome = loop {
            match timeout(TRY_TIMEOUT, once()).await {
                Ok(Ok(answer)) => break Outcome::Ok(answer),
                // 503 says "nothing is acknowledged"; a key makes the retry harmless either way.
                Ok(Err(CallError::Refused(answer))) if !matches!(answer.status, 502..=504) => {
                    break Outcome::Refused(answer.status);
                }
                Ok(Err(_)) | Err(_) if self.gives_up(began) => break Outcome::Unknown,
                Ok(Err(_)) | Err(_) => failed += 1,
            }
            sleep(RETRY_PAUSE).await;
        };
        Tried {
            outcome,
            failed,
            began,
        }
    }

    fn gives_up(&self, began: Instant) -> bool {
        let calm = *self.calm.borrow();
        calm.is_some_and(|since| since.max(began).elapsed() > CALL_TIMEOUT)
    }

    fn record<T>(&self, due: Instant, tried: Tried<T>, op: impl FnOnce(Outcome<T>) -> Op) {
        self.history.record(Call {
            op: op(tried.outcome),
            failed_tries: tried.failed,
            due,
            began: tried.began,
            ended: Instant::now(),
        });
    }
}

struct Tried<T> {
    outcome: Outcome<T>,
    failed: u32,
    began: Instant,
}
