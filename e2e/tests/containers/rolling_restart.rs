//! Every container is replaced, one after the other, while people write, ask and watch.

use std::sync::atomic::Ordering;

use anyhow::{Result, ensure};
use colloquy_e2e::{
    client::{Message, Person},
    harness::System,
};
use tokio::time::Instant;

use crate::{
    compose::{in_the_end, replace, services},
    load::{Answers, Signals, Statuses, ask, watch, write},
};

/// What may be answered while a part of the system is away.
const ALLOWED: [u16; 3] = [200, 429, 503];
/// While this one is replaced, there may be no answer at all.
const DOOR: &str = "nginx";

#[tokio::test]
async fn f31_replacing_every_container_under_load_loses_nothing() -> Result<()> {
    let system = System::shared().await?;
    let anonymous = system.anonymous()?;
    let (an, binh) = (
        Person::newcomer(&anonymous, "An under way").await?,
        Person::newcomer(&anonymous, "Bình under way").await?,
    );
    let room = an.client.create_room("Under way", &[binh.id]).await?;
    let signals = Signals::default();
    let ((), written, by_an, by_binh, shown) = tokio::try_join!(
        replace_all(&signals),
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
    assert!(
        statuses.keys().all(|(status, service)| match status {
            Some(status) => ALLOWED.contains(status),
            None => service == DOOR,
        }),
        "{statuses:?}"
    );
    assert!(shown.connections > 1, "no node was replaced");
    let history = whole_history(&an, room, count).await?;
    assert_is_what_was_sent(&history, &written);
    Ok(())
}

async fn replace_all(signals: &Signals) -> Result<()> {
    for service in services().await? {
        let start = Instant::now();
        signals
            .service
            .lock()
            .expect("no holder panics")
            .clone_from(&service);
        replace(&service).await?;
        println!("{service:<30}{:.1} s", start.elapsed().as_secs_f64());
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
    in_the_end("the view holds all messages", || async {
        let history = person.client.whole_history(room).await.unwrap_or_default();
        Ok((history.len() >= count).then_some(history))
    })
    .await
}

/// Each message once, under the seq and the id that were acknowledged, and no other.
fn assert_is_what_was_sent(history: &[Message], written: &[Answers]) {
    let seqs = history.iter().map(|message| message.seq);
    assert!(seqs.eq(1..=history.len() as i64), "a gap, or a seq twice");
    for message in history {
        let sent = written
            .iter()
            .find_map(|answers| answers.sent.get(&message.content))
            .unwrap_or_else(|| panic!("{message:?} was never acknowledged"));
        assert_eq!(
            (sent.seq, sent.message_id),
            (message.seq, message.message_id)
        );
    }
    let count: usize = written.iter().map(|answers| answers.sent.len()).sum();
    assert_eq!(history.len(), count);
}
