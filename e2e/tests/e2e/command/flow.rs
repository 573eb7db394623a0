//! `GET /command/flow`: where events are.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use colloquy_e2e::harness::eventually;
use serde_json::Value;

use crate::scene::{assert_common, assert_refused, keys, scene};

const FLOW: &str = "/command/flow";

/// A number of each partition.
fn of_partitions(flow: &Value, field: &str) -> Result<HashMap<i64, i64>> {
    let partitions = flow["partitions"].as_array().context("the log answers")?;
    partitions
        .iter()
        .map(|one| one["partition"].as_i64().zip(one[field].as_i64()))
        .collect::<Option<_>>()
        .context("numbers")
}

#[tokio::test]
async fn the_flow_shows_a_message_of_ones_own_room_in_the_log_without_its_text() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let text = format!("a text that is shown nowhere {room}");
    let sent = scene.user1.send_raw(room, &text, None).await?;
    let id = sent.data()["messageId"].as_i64().context("a message")?;
    let flow = eventually("the message is in the log", async || {
        let answer = scene.user2.get(FLOW).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_common(&answer, "the flow");
        assert!(!answer.body.to_string().contains(&text));
        let messages = answer.data()["messages"].as_array().cloned();
        let messages = messages.context("a list")?;
        let found = messages.into_iter().find(|one| one["messageId"] == id);
        Ok(found.filter(|one| one["isInLog"] == true))
    });
    let flow = flow.await?;
    assert_eq!(
        keys(&flow),
        [
            "isInLog",
            "messageId",
            "roomId",
            "senderFullName",
            "senderId",
            "sentAt",
            "seq"
        ]
    );
    assert_eq!((&flow["roomId"], &flow["seq"]), (&room.into(), &1.into()));
    let others = scene.user3.get(FLOW).await?;
    let others = others.data()["messages"].as_array().context("a list")?;
    assert!(others.iter().all(|one| one["roomId"] != room));
    Ok(())
}

#[tokio::test]
async fn the_projection_reaches_every_end_that_the_flow_has_shown() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    scene.user1.send_raw(room, "hello", None).await?;
    let read = async || anyhow::Ok(scene.user1.get(FLOW).await?.data().clone());
    let flow = eventually("the log answers", async || {
        let flow = read().await?;
        Ok((!flow["partitions"].is_null()).then_some(flow))
    });
    let ends = of_partitions(&flow.await?, "end")?;
    assert!(ends.values().sum::<i64>() >= 2, "{ends:?}");
    eventually("the views have what the log had", async || {
        let flow = read().await?;
        let (now, positions) = (
            of_partitions(&flow, "end")?,
            of_partitions(&flow, "position")?,
        );
        assert!(positions.iter().all(|(at, position)| position <= &now[at]));
        Ok(ends
            .iter()
            .all(|(at, end)| positions[at] >= *end)
            .then_some(()))
    })
    .await
}

#[tokio::test]
async fn the_flow_is_for_those_who_are_logged_in() -> Result<()> {
    let scene = scene().await?;
    let answer = scene.anonymous()?.get(FLOW).await?;
    assert_refused(&answer, 401, "the flow without a session");
    Ok(())
}
