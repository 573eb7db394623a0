//! F18: among the events are 50 that cannot be read, or that contradict what is stored. Exactly they are parked, each
//! with a reason; their rooms, other rooms, sends, connects and pushes go on.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::{client::USER2, harness::eventually};
use rdkafka::{
    ClientConfig,
    message::{Header, OwnedHeaders},
    producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer},
};
use serde_json::json;
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};

use super::load;
use crate::{
    evidence::POISON,
    nemesis::Fault,
    plan::{Build, Mode, Size},
    probe::Probe,
    run::{Setup, run_under_load},
    target::Target,
};

const COUNT: usize = 50;
/// Pushes do not pass the projector and are not to notice.
const PUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// History does pass it; a second where the machine has nothing else to do (decision 8).
const HISTORY_TIMEOUT: Duration = Duration::from_secs(5);
const KAFKA_TIMEOUT: Duration = Duration::from_secs(10);

/// An event that the write side did not write.
#[derive(Clone)]
struct Broken {
    id: String,
    topic: &'static str,
    room: i64,
    value: String,
}

/// # Errors
/// Another event was parked, or something did not go on, or the audit found something.
pub async fn it_is_parked_and_all_else_goes_on(mode: Mode, size: Size) -> Result<()> {
    let mut target = Target::start(mode, Build::Product).await?;
    let plan = load(mode, size, size.of(120, 200));
    let report = run_under_load(&mut target, &plan, async |target, setup| {
        // A group that has just met has nothing to do with what follows.
        eventually("the read side is at work", || async {
            Ok(go_on(target, setup, 1).await.ok())
        })
        .await?;
        let run = format!("{POISON}{}:", fastrand::u64(..));
        let broken = broken(&run, setup).await?;
        let began = Instant::now();
        match target {
            Target::AllInOne(_) => insert(target, &broken).await?,
            Target::Distributed(system) => {
                let brokers = system.stores().kafka;
                let broken = broken.clone();
                spawn_blocking(move || produce(&brokers, &broken)).await??;
            }
        }
        let (pushed, shown) = go_on(target, setup, 10).await?;
        ensure!(pushed <= PUSH_TIMEOUT, "a push of another room took {pushed:?}");
        ensure!(shown <= HISTORY_TIMEOUT, "the history of another room took {shown:?}");
        let parked = eventually("all broken events are parked", || async {
            let parked = target.parked(&run).await?;
            Ok((parked.len() >= broken.len()).then_some(parked))
        })
        .await?;
        // As long as other events need to pass them, so that an event that is parked late is found too.
        sleep(Duration::from_secs(size.of(4, 20))).await;
        let later = target.parked(&run).await?;
        ensure!(
            later.len() == COUNT && later.iter().all(|event| !event.reason.is_empty()),
            "{} were parked first, then {}: {later:?}",
            parked.len(),
            later.len()
        );
        println!("F18: {COUNT} broken events, {} parked with a reason, messages of other rooms were pushed within {pushed:?} and in history within {shown:?}", later.len());
        for reason in later.iter().map(|event| &event.reason).collect::<std::collections::BTreeSet<_>>() {
            println!("  {reason}");
        }
        Ok(vec![Fault { began, ended: Instant::now() }])
    })
    .await?;
    report.verify(&plan)?;
    target.end().await
}

/// Of every kind, in the rooms that all senders write to.
async fn broken(run: &str, setup: &Setup) -> Result<Vec<Broken>> {
    let mut broken = Vec::new();
    for number in 0..COUNT {
        let room = setup.rooms[number % setup.rooms.len()];
        let message = |room: i64, seq: i64| {
            json!({"messageId": 1_000_000_000 + number, "roomId": room, "senderId": 1, "senderFullName": "nobody",
                "content": "poison", "sentAt": "2020-01-01T00:00:00.000Z", "seq": seq})
        };
        let (topic, value) = match number {
            // The one that can be read and is refused for ever: another message under the id and seq of a stored one.
            0 => {
                let stored = eventually("there is a message", || async {
                    Ok(setup.clients[0].history(room).await?.pop())
                })
                .await?;
                let clash = json!({"messageId": stored.message_id, "roomId": room, "senderId": stored.sender_id,
                    "senderFullName": stored.sender_full_name, "content": "another one", "sentAt": stored.sent_at,
                    "seq": stored.seq});
                ("chat-message-sent", clash.to_string())
            }
            _ => match number % 7 {
                0 => ("chat-message-sent", "{\"messageId\": ".to_owned()),
                1 => ("chat-message-sent", message(room, 0).to_string()),
                2 => ("chat-message-sent", json!({"roomId": room}).to_string()),
                3 => (
                    "read-marker-updated",
                    json!({"roomId": room, "customerId": "two", "lastReadMessageId": 1})
                        .to_string(),
                ),
                4 => (
                    "chat-room-created",
                    json!({"roomId": room, "roomName": null}).to_string(),
                ),
                5 => (
                    "chat-message-sent",
                    message(room + 1_000_000, 1).to_string(),
                ),
                _ => ("read-marker-updated", String::new()),
            },
        };
        broken.push(Broken {
            id: format!("{run}{number}"),
            topic,
            room,
            value,
        });
    }
    Ok(broken)
}

/// While they are met, messages of other rooms reach subscribers and history, and new clients connect. Answers how long
/// both took at most.
async fn go_on(target: &Target, setup: &Setup, times: u32) -> Result<(Duration, Duration)> {
    let (mut pushed, mut shown) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..times {
        let reader = (&setup.clients[1], USER2.id);
        let mut probe = Probe::new(&setup.clients[0], reader, &target.url())
            .await
            .context("a new client")?;
        let round = probe.round().await?;
        eventually("another room's history has a new message", || async {
            let history = setup.clients[1].history_from(probe.room(), round.seq).await;
            Ok(history.ok())
        })
        .await?;
        pushed = pushed.max(round.pushed_after);
        shown = shown.max(round.acknowledged.elapsed());
    }
    Ok((pushed, shown))
}

/// The outbox is the log: they are put into it while the process is down.
async fn insert(target: &mut Target, broken: &[Broken]) -> Result<()> {
    let system = target.all_in_one()?;
    system.kill()?;
    let file = SqliteConnectOptions::new().filename(system.data().join("write.db"));
    let mut write = file.connect().await?;
    for event in broken {
        sqlx::query(
            "INSERT INTO outbox (topic, room_id, event_id, payload, replayed) VALUES (?1, ?2, ?3, CAST(?4 AS BLOB), 0)",
        )
        .bind(event.topic)
        .bind(event.room)
        .bind(&event.id)
        .bind(&event.value)
        .execute(&mut write)
        .await?;
    }
    drop(write);
    system.revive().await
}

/// Where the rooms' own events are: the partitioner is that of the product and of Java clients.
fn produce(brokers: &str, broken: &[Broken]) -> Result<()> {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("partitioner", "murmur2_random")
        .create()?;
    for event in broken {
        let key = event.room.to_string();
        let id = Header {
            key: "event-id",
            value: Some(&event.id),
        };
        let record = BaseRecord::to(event.topic)
            .key(&key)
            .payload(&event.value)
            .headers(OwnedHeaders::new().insert(id));
        producer.send(record).map_err(|(error, _)| error)?;
    }
    Ok(producer.flush(KAFKA_TIMEOUT)?)
}
