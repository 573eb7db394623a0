//! What it takes to read a record from Kafka, before it is decoded or passed over.

use std::process;

use anyhow::{Context as _, Result, ensure};
use colloquy_event_log::{AuditTrail as _, EventLog as _, KafkaLog, KafkaSettings, NewEvent};

use super::records;
use crate::{
    cli::Width,
    measure::{Cpu, Spread},
};

/// Records appended at once, and read at once.
const BATCH: usize = 256;
const ROOMS: usize = 1_000;

/// Microseconds of CPU of the reader for each record, librdkafka's threads included.
pub async fn measure(options: &Width, brokers: &str) -> Result<Spread> {
    let log = KafkaLog::connect(KafkaSettings {
        topic_prefix: format!("bench-width-{}-", process::id()),
        ..KafkaSettings::new(brokers)
    })
    .await?;
    let records = records::messages(ROOMS, options.records);
    for batch in records.chunks(BATCH) {
        let events: Vec<_> = batch.iter().map(event).collect::<Result<_>>()?;
        let durable = log.append(&events).await?;
        ensure!(durable.iter().all(|durable| *durable), "kafka is slow");
    }
    let mut micros = Vec::new();
    for _ in 0..options.pairs {
        let before = Cpu::of(process::id())?;
        let (mut trail, mut read) = (log.read_from_beginning().await?, 0);
        loop {
            match trail.next(BATCH).await?.len() {
                0 => break,
                more => read += more,
            }
        }
        ensure!(read == records.len(), "{read} records are there");
        let used = Cpu::of(process::id())? - before;
        micros.push(used.micros_each(read as u64));
    }
    Spread::of(micros).context("at least one run is needed")
}

fn event(record: &colloquy_event_log::Record) -> Result<NewEvent> {
    Ok(NewEvent {
        topic: record.topic,
        room_id: record.key.parse()?,
        event_id: record.event_id.clone(),
        payload: record.payload.clone(),
        replayed: false,
        version: None,
        traceparent: None,
    })
}
