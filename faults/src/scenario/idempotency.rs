//! P2 and F29: one key makes one message, however often and however parallel it is sent, also after a restart.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::client::{Client, Sent, USER2};
use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join_all, stream};
use serde_json::json;

use crate::{
    customers::clients,
    plan::{Build, Mode},
    target::Target,
};

const KEYS: usize = 100;
const TIMES: usize = 20;
/// So that some 200 sends are under way, and not 2,000 connections.
const KEYS_AT_ONCE: usize = 10;

/// 100 keys, 20 parallel sends each: 100 messages, 20 equal answers each, another body is 422; all of it again after
/// the processes that write were killed and started again.
///
/// # Errors
/// An answer differed, or a message was made twice.
pub async fn a_key_makes_one_message(mode: Mode) -> Result<()> {
    let mut target = Target::start(mode, Build::Product).await?;
    let user1 = clients(&target.url()).await?.remove(0);
    let room = user1.create_room("keys", &[USER2.id]).await?;
    // Keys are remembered for a day, also those of an earlier run.
    let run = fastrand::u64(..);
    let first = send_all(&user1, room, run).await?;
    let seqs: BTreeSet<i64> = first.iter().map(|sent| sent.seq).collect();
    ensure!(
        seqs == (1..=100).collect(),
        "{KEYS} keys made the seqs {seqs:?}"
    );
    refuse_other_bodies(&user1, room, run).await?;

    let writers = target
        .victims()
        .into_iter()
        .filter(|name| name == "colloquy" || name.contains("chat-command"));
    for writer in writers.collect::<Vec<_>>() {
        target.kill(&writer).await?;
        target.revive(&writer).await?;
    }
    let again = send_all(&user1, room, run)
        .await
        .context("after the restart")?;
    ensure!(first == again, "after the restart the answers differ");
    refuse_other_bodies(&user1, room, run)
        .await
        .context("after the restart")?;
    user1.history_from(room, 100).await?;
    let history = user1.whole_history(room).await?;
    ensure!(
        history.len() == KEYS,
        "{} messages came of {KEYS} keys",
        history.len()
    );
    target.end().await
}

/// Sends every key's message 20 times at once, and answers what each key was answered.
async fn send_all(client: &Client, room: i64, run: u64) -> Result<Vec<Sent>> {
    let keys = (0..KEYS).map(|key| async move {
        let (content, key) = (format!("message {key}"), format!("{run}-{key}"));
        let sends = (0..TIMES).map(|_| client.send(room, &content, Some(&key)));
        let answers = try_join_all(sends).await?;
        ensure!(
            answers.iter().all(|answer| *answer == answers[0]),
            "{key} was answered differently: {answers:?}"
        );
        Ok(answers[0].clone())
    });
    stream::iter(keys)
        .buffered(KEYS_AT_ONCE)
        .try_collect()
        .await
}

async fn refuse_other_bodies(client: &Client, room: i64, run: u64) -> Result<()> {
    for key in 0..KEYS {
        let body = json!({"roomId": room, "content": "another body"});
        let request = client
            .request("POST".parse()?, "/command/message")
            .json(&body);
        let answer = client
            .fetch(request.header("Idempotency-Key", format!("{run}-{key}")))
            .await?;
        ensure!(
            answer.status == 422,
            "another body under key-{key} was answered with {}",
            answer.status
        );
    }
    Ok(())
}
