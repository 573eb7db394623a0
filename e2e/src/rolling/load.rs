//! People who go on writing, asking and watching while parts of the system are restarted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, bail, ensure};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{CallError, Client, Sent, Socket};

/// Between two calls of one person.
const PACE: Duration = Duration::from_millis(200);
/// How long a screen waits for a message before it connects again and asks for what it has missed.
const SILENCE: Duration = Duration::from_secs(5);
/// After so long a person tries again. The gateway answers within 5 s, whatever is down behind it (promise P6), so that only
/// nginx can keep a caller waiting.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// How long a screen may take to show the rest once no more is written.
const CATCH_UP_LIMIT: Duration = Duration::from_secs(120);

/// How often each status was answered while a part was restarted; `None` is no answer in time, or a cut connection.
pub type Statuses = BTreeMap<(Option<u16>, String), u32>;

/// What is restarted, when they stop, and what the screens have to show then.
#[derive(Debug, Default)]
pub struct Signals {
    /// The part that is restarted.
    pub part: Mutex<String>,
    /// No more is written or asked.
    pub is_over: AtomicBool,
    /// 0 until it is known.
    pub last_seq: AtomicI64,
}

impl Signals {
    fn part(&self) -> String {
        let part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        part.clone()
    }
}

/// What one person was answered.
#[derive(Debug, Default)]
pub struct Answers {
    /// To all calls.
    pub statuses: Statuses,
    /// The messages that were acknowledged, by their texts.
    pub sent: BTreeMap<String, Sent>,
}

/// What a screen has shown.
#[derive(Debug, Default)]
pub struct Shown {
    /// All messages.
    pub seqs: BTreeSet<i64>,
    /// How many of them came by a socket.
    pub pushed: usize,
    /// How often it connected.
    pub connections: usize,
}

/// Sends one message after the other, each under one key until it is acknowledged. The name is part of the keys.
///
/// # Errors
/// A success breaks the contract, or a message is refused for good.
pub async fn write(client: &Client, room: i64, name: &str, signals: &Signals) -> Result<Answers> {
    let mut answers = Answers::default();
    for number in 1.. {
        if signals.is_over.load(Ordering::Relaxed) {
            break;
        }
        let text = format!("{name} {number}");
        let key = format!("{name}-{number}");
        let sent = loop {
            let part = signals.part();
            let call = timeout(CALL_LIMIT, client.send(room, &text, Some(&key)));
            let (status, sent) = match call.await {
                Ok(Ok(sent)) => (Some(200), Some(sent)),
                Ok(Err(CallError::Refused(answer))) => (Some(answer.status), None),
                Ok(Err(CallError::Unknown(_))) | Err(_) => (None, None),
                Ok(Err(error)) => return Err(error.into()),
            };
            *answers.statuses.entry((status, part)).or_default() += 1;
            let may_be_repeated = status.is_none_or(|status| [200, 429, 503].contains(&status));
            ensure!(may_be_repeated, "{text} is refused with {status:?}");
            if let Some(sent) = sent {
                break sent;
            }
            sleep(PACE).await;
        };
        answers.sent.insert(text, sent);
        sleep(PACE).await;
    }
    Ok(answers)
}

/// Asks for the rooms again and again.
pub async fn ask(client: &Client, signals: &Signals) -> Statuses {
    let mut statuses = Statuses::default();
    while !signals.is_over.load(Ordering::Relaxed) {
        let part = signals.part();
        let answer = timeout(CALL_LIMIT, client.get("/query/rooms")).await;
        let status = answer.ok().and_then(Result::ok).map(|answer| answer.status);
        *statuses.entry((status, part)).or_default() += 1;
        sleep(PACE).await;
    }
    statuses
}

/// A screen that connects again whenever its socket ends, and then asks for what it has missed. It ends when it has shown all.
///
/// # Errors
/// Something is missing long after the last message was written.
pub async fn watch(client: &Client, room: i64, signals: &Signals) -> Result<Shown> {
    let mut shown = Shown::default();
    let mut silent_since = None;
    loop {
        // However a connection ends, another one follows.
        let end = show(client, room, signals, &mut shown).await;
        let last = signals.last_seq.load(Ordering::Relaxed);
        if has_all(&shown, last) {
            return Ok(shown);
        }
        if last > 0 && silent_since.get_or_insert_with(Instant::now).elapsed() > CATCH_UP_LIMIT {
            bail!("{} of {last} messages are shown: {end:?}", shown.seqs.len());
        }
        sleep(PACE).await;
    }
}

async fn show(client: &Client, room: i64, signals: &Signals, shown: &mut Shown) -> Result<()> {
    let mut socket = Socket::connect(client.url(), client.token().unwrap_or_default()).await?;
    let subscription = socket.subscribe_room(room).await?;
    shown.connections += 1;
    // After the receipt: what is recorded from now on is pushed.
    let history = client.whole_history(room).await?;
    shown.seqs.extend(history.iter().map(|message| message.seq));
    while !has_all(shown, signals.last_seq.load(Ordering::Relaxed)) {
        let message = socket.next_message_within(&subscription, SILENCE).await?;
        let message: Value = message.json()?;
        shown.pushed += 1;
        shown.seqs.extend(message["seq"].as_i64());
    }
    Ok(())
}

fn has_all(shown: &Shown, last: i64) -> bool {
    last > 0 && (1..=last).all(|seq| shown.seqs.contains(&seq))
}
