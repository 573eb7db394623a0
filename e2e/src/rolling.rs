//! A rolling restart: the parts of a system are restarted one after the other while people write, ask and watch, and nothing is
//! lost (reliability.md F31).

mod load;

use std::{
    sync::{PoisonError, atomic::Ordering},
    time::Duration,
};

use anyhow::{Result, ensure};
use tokio::time::Instant;

use self::load::{Answers, Signals, Statuses, ask, watch, write};
use crate::{
    client::{Message, Person},
    harness::{System, within},
};

/// What may be answered while a part of the system is away.
const ALLOWED: [u16; 3] = [200, 429, 503];
/// How long the views may take to hold all that was written.
const CATCH_UP_LIMIT: Duration = Duration::from_secs(300);

/// Restarts each of these parts by `restart`, which answers when the part is ready again. Only while the `door` is restarted may
/// there be no answer at all.
///
/// # Errors
/// A part does not come back, a call was answered otherwise, a message is lost or there twice, or a screen does not show it.
pub async fn restart_all(
    parts: &[String],
    door: Option<&str>,
    restart: impl AsyncFn(&str) -> Result<()>,
) -> Result<()> {
    let system = System::shared().await?;
    let anonymous = system.anonymous()?;
    let (an, binh) = (
        Person::newcomer(&anonymous, "An under way").await?,
        Person::newcomer(&anonymous, "Bình under way").await?,
    );
    let room = an.client.create_room("Under way", &[binh.id]).await?;
    let signals = Signals::default();
    let ((), written, by_an, by_binh, shown) = tokio::try_join!(
        restart_each(parts, &signals, restart),
        write_both(&an, &binh, room, &signals),
        async { Ok(ask(&an.client, &signals).await) },
        async { Ok(ask(&binh.client, &signals).await) },
        watch(&binh.client, room, &signals),
    )?;
    let mut statuses = Statuses::default();
    let of_writers = written.iter().map(|answers| &answers.statuses);
    for (status, count) in of_writers.chain([&by_an, &by_binh]).flatten() {
        *statuses.entry(status.clone()).or_default() += count;
    }
    let count: usize = written.iter().map(|answers| answers.sent.len()).sum();
    println!("{count} messages acknowledged, answers {statuses:?}");
    println!(
        "a screen showed {} messages over {} connections, {} of them pushed",
        shown.seqs.len(),
        shown.connections,
        shown.pushed
    );
    ensure!(
        statuses.keys().all(|(status, part)| match status {
            Some(status) => ALLOWED.contains(status),
            None => door == Some(part),
        }),
        "{statuses:?}"
    );
    ensure!(shown.connections > 1, "no node was restarted");
    let history = whole_history(&an, room, count).await?;
    is_what_was_sent(&history, &written)
}

async fn restart_each(
    parts: &[String],
    signals: &Signals,
    restart: impl AsyncFn(&str) -> Result<()>,
) -> Result<()> {
    for part in parts {
        let start = Instant::now();
        signals
            .part
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(part);
        restart(part).await?;
        println!("{part:<30}{:.1} s", start.elapsed().as_secs_f64());
    }
    signals.is_over.store(true, Ordering::Relaxed);
    Ok(())
}

async fn write_both(
    an: &Person,
    binh: &Person,
    room: i64,
    signals: &Signals,
) -> Result<[Answers; 2]> {
    let (an, binh) = tokio::try_join!(
        write(&an.client, room, "an", signals),
        write(&binh.client, room, "binh", signals),
    )?;
    let count = an.sent.len() + binh.sent.len();
    ensure!(count > 0, "nothing was sent");
    signals
        .last_seq
        .store(i64::try_from(count)?, Ordering::Relaxed);
    Ok([an, binh])
}

async fn whole_history(person: &Person, room: i64, count: usize) -> Result<Vec<Message>> {
    within(CATCH_UP_LIMIT, "the view holds all messages", || async {
        let history = person.client.whole_history(room).await.unwrap_or_default();
        Ok((history.len() >= count).then_some(history))
    })
    .await
}

/// Each message once, under the seq and the id that were acknowledged, and no other.
fn is_what_was_sent(history: &[Message], written: &[Answers]) -> Result<()> {
    let seqs = history.iter().map(|message| message.seq);
    ensure!(seqs.eq(1..=history.len() as i64), "a gap, or a seq twice");
    for message in history {
        let sent = written
            .iter()
            .find_map(|answers| answers.sent.get(&message.content));
        let is_as_acknowledged = sent
            .is_some_and(|sent| (sent.seq, sent.message_id) == (message.seq, message.message_id));
        ensure!(is_as_acknowledged, "{message:?} and {sent:?}");
    }
    let count: usize = written.iter().map(|answers| answers.sent.len()).sum();
    ensure!(
        history.len() == count,
        "{count} were acknowledged, {} are there",
        history.len()
    );
    Ok(())
}
