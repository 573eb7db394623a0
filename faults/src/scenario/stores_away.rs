//! P6: a store that is away is 503 in at most 5 s, nothing is acknowledged that is not stored, and what does not need
//! the store goes on.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::{
    client::{Answer, Client, USER2},
    harness::eventually,
};
use tokio::time::Instant;

use crate::{
    customers::clients,
    plan::{Build, Mode},
    target::Target,
};

const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Takes PostgreSQL, MongoDB and Kafka away in turn.
///
/// # Errors
/// An answer came late, or was another than it should be, or a message was lost.
pub async fn a_store_that_is_away_is_503_in_time(mode: Mode) -> Result<()> {
    let mut target = Target::start(mode, Build::Product).await?;
    let user1 = clients(&target.url()).await?.remove(0);
    let room = user1.create_room("stores away", &[USER2.id]).await?;
    let mut acknowledged = Vec::new();
    for (part, sends, reads) in [
        // The revoked sessions are in PostgreSQL too: soon no customer is let in (decision 23).
        ("postgres", 503, [200, 503]),
        ("mongo", 200, [503, 503]),
        ("kafka", 200, [200, 200]),
    ] {
        acknowledged.push(
            sent_again(&user1, room, &format!("before {part}"))
                .await
                .with_context(|| format!("before {part}"))?,
        );
        target.kill(part).await?;
        let content = format!("without {part}");
        // Keys are remembered for a day, also those of an earlier run.
        let key = &fastrand::u64(..).to_string();
        let mut send = timed(part, user1.send_raw(room, &content, Some(key))).await?;
        // What was killed before may still be on its way back: then it is 503 as well, but not for long.
        if sends == 200 && send.status == 503 {
            send = eventually("sends go on", || async {
                let again = user1.send_raw(room, &content, Some(key)).await?;
                Ok((again.status == 200).then_some(again))
            })
            .await
            .with_context(|| format!("without {part}"))?;
        }
        let read = timed(part, user1.get(&format!("/query/message/roomId/{room}"))).await?;
        ensure!(
            send.status == sends,
            "without {part} a send was answered with {}: {}",
            send.status,
            send.body
        );
        ensure!(
            reads.contains(&read.status),
            "without {part} a read was answered with {}: {}",
            read.status,
            read.body
        );
        for answer in [&send, &read] {
            ensure!(
                answer.status != 503 || answer.header("retry-after").is_some(),
                "a 503 without Retry-After"
            );
        }
        if send.status == 200 {
            acknowledged.push(content);
        }
        target.revive(part).await?;
    }
    let count = acknowledged.len();
    let history = eventually("everything acknowledged is in history", || async {
        let history = user1.whole_history(room).await.unwrap_or_default();
        Ok((history.len() >= count).then_some(history))
    });
    let contents: Vec<String> = history
        .await?
        .into_iter()
        .map(|message| message.content)
        .collect();
    ensure!(
        contents == acknowledged,
        "acknowledged {acknowledged:?}, in history {contents:?}"
    );
    target.end().await
}

async fn timed(part: &str, call: impl Future<Output = reqwest::Result<Answer>>) -> Result<Answer> {
    let began = Instant::now();
    let answer = call.await.with_context(|| format!("without {part}"))?;
    ensure!(
        began.elapsed() <= ANSWER_TIMEOUT,
        "without {part} an answer took {:?}",
        began.elapsed()
    );
    Ok(answer)
}

/// Sends under a key until it is acknowledged: the part of the round before may just be coming back.
async fn sent_again(client: &Client, room: i64, content: &str) -> Result<String> {
    // Keys are remembered for a day, also those of an earlier run.
    let key = &fastrand::u64(..).to_string();
    eventually("a send is acknowledged", || async {
        Ok(client.send(room, content, Some(key)).await.ok())
    })
    .await?;
    Ok(content.to_owned())
}
