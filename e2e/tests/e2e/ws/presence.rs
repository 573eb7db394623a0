//! Who is online and who is typing, across the nodes of the system (contract §5, decision 19).

use std::time::Duration;

use anyhow::Result;
use colloquy_e2e::{
    client::{Client, Frame, Socket},
    harness::eventually,
};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::{
    customer::newcomer::Newcomer,
    scene::{Scene, scene},
};

/// Nothing else comes for so long: twice the time that a state takes to go around.
const QUIET: Duration = Duration::from_millis(700);

/// Two people of whom no other test knows, and a room of both.
struct Pair {
    watcher: Newcomer,
    other: Newcomer,
    room: i64,
}

async fn pair(scene: &Scene) -> Result<Pair> {
    let (watcher, other) = (
        scene.newcomer("Who Watches").await?,
        scene.newcomer("Who Comes").await?,
    );
    let room = watcher.client.create_room("A room", &[other.id]).await?;
    Ok(Pair {
        watcher,
        other,
        room,
    })
}

impl Pair {
    /// The watcher's socket, subscribed to a topic of the room.
    async fn watch(&self, scene: &Scene, topic: &str) -> Result<Socket> {
        let mut socket = scene.socket(&self.watcher.client).await?;
        let destination = format!("/topic/{topic}/roomId/{}", self.room);
        socket.subscribe(&destination).await?;
        Ok(socket)
    }

    async fn online(&self) -> Result<Value> {
        let path = format!("/query/onlineStatus/roomId/{}", self.room);
        let answer = self.watcher.client.get(&path).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        let mut rows = answer.data().as_array().cloned().unwrap_or_default();
        rows.sort_by_key(|row| row["customerId"].as_i64());
        Ok(json!(rows))
    }
}

/// The next body about that customer.
async fn told(socket: &mut Socket, customer: i64) -> Result<Value> {
    loop {
        let frame = socket
            .next_where(|frame| frame.command == "MESSAGE")
            .await?;
        let body: Value = frame.json()?;
        if body["customerId"] == customer {
            return Ok(body);
        }
    }
}

async fn assert_quiet_about(socket: &mut Socket, customer: i64) {
    let more = timeout(QUIET, told(socket, customer)).await;
    assert!(more.is_err(), "{more:?}");
}

async fn typing(socket: &mut Socket, room: i64, value: Value) -> Result<()> {
    let body = json!({"roomId": room, "isTyping": value}).to_string();
    let frame = Frame::new("SEND", &[("destination", "/app/typing")]).with_body(&body);
    socket.send_for_receipt(frame).await
}

#[tokio::test]
async fn contract_5_presence_is_told_from_the_first_session_to_the_last() -> Result<()> {
    let scene = scene().await?;
    let pair = pair(&scene).await?;
    let mut watching = pair.watch(&scene, "onlineStatus").await?;
    let other = pair.other.id;
    let first = scene.socket(&pair.other.client).await?;
    assert_eq!(
        told(&mut watching, other).await?,
        json!({"customerId": other, "online": true})
    );
    // With two nodes these are on both.
    let second = scene.socket(&pair.other.client).await?;
    let third = scene.socket(&pair.other.client).await?;
    drop(first);
    drop(second);
    assert_quiet_about(&mut watching, other).await;
    drop(third);
    assert_eq!(
        told(&mut watching, other).await?,
        json!({"customerId": other, "online": false})
    );
    assert_quiet_about(&mut watching, other).await;
    Ok(())
}

#[tokio::test]
async fn contract_query_online_status_shows_each_participant() -> Result<()> {
    let scene = scene().await?;
    let pair = pair(&scene).await?;
    let row = |who: &Newcomer, online| json!({"customerId": who.id, "online": online});
    let rows = |watcher, other| json!([row(&pair.watcher, watcher), row(&pair.other, other)]);
    eventually("both are away", || async {
        Ok((pair.online().await? == rows(false, false)).then_some(()))
    })
    .await?;
    let socket = scene.socket(&pair.other.client).await?;
    eventually("one is online", || async {
        Ok((pair.online().await? == rows(false, true)).then_some(()))
    })
    .await?;
    drop(socket);
    eventually("both are away again", || async {
        Ok((pair.online().await? == rows(false, false)).then_some(()))
    })
    .await
}

#[tokio::test]
async fn stomp_n5_a_refused_connect_is_nobody_online() -> Result<()> {
    let scene = scene().await?;
    let pair = pair(&scene).await?;
    let mut watching = pair.watch(&scene, "onlineStatus").await?;
    let bad = pair.other.client.with_token("not a token");
    assert!(scene.socket(&bad).await.is_err());
    assert_quiet_about(&mut watching, pair.other.id).await;
    Ok(())
}

#[tokio::test]
async fn contract_5_typing_is_told_when_it_begins_and_when_it_ends() -> Result<()> {
    let scene = scene().await?;
    let pair = pair(&scene).await?;
    let mut watching = pair.watch(&scene, "typing").await?;
    let mut typist = scene.socket(&pair.other.client).await?;
    let expected =
        |on: bool| json!({"roomId": pair.room, "typing": on, "customerId": pair.other.id});
    for (yes, no) in [(json!(1), json!(0)), (json!(true), json!(false))] {
        typing(&mut typist, pair.room, yes.clone()).await?;
        assert_eq!(told(&mut watching, pair.other.id).await?, expected(true));
        typing(&mut typist, pair.room, yes).await?;
        typing(&mut typist, pair.room, no).await?;
        assert_eq!(told(&mut watching, pair.other.id).await?, expected(false));
    }
    assert_quiet_about(&mut watching, pair.other.id).await;
    Ok(())
}

#[tokio::test]
async fn contract_5_typing_ends_by_itself_two_seconds_after_it_was_said_last() -> Result<()> {
    let scene = scene().await?;
    let pair = pair(&scene).await?;
    let mut watching = pair.watch(&scene, "typing").await?;
    let mut typist = scene.socket(&pair.other.client).await?;
    let began = Instant::now();
    typing(&mut typist, pair.room, json!(1)).await?;
    assert_eq!(told(&mut watching, pair.other.id).await?["typing"], true);
    assert_eq!(told(&mut watching, pair.other.id).await?["typing"], false);
    let lasted = began.elapsed();
    assert!(
        (Duration::from_millis(1900)..Duration::from_secs(4)).contains(&lasted),
        "{lasted:?}"
    );
    Ok(())
}

#[tokio::test]
async fn stomp_s8_bad_json_about_typing_is_dropped_and_the_session_goes_on() -> Result<()> {
    let scene = scene().await?;
    let pair = pair(&scene).await?;
    let mut watching = pair.watch(&scene, "typing").await?;
    let mut typist = scene.socket(&pair.other.client).await?;
    for body in ["", "{", "[]", "null", r#"{"roomId":"x","isTyping":1}"#] {
        let frame = Frame::new("SEND", &[("destination", "/app/typing")]).with_body(body);
        typist.send_for_receipt(frame).await?;
    }
    typing(&mut typist, pair.room, json!(1)).await?;
    assert_eq!(told(&mut watching, pair.other.id).await?["typing"], true);
    Ok(())
}

#[tokio::test]
async fn contract_5_extend_online_takes_any_body() -> Result<()> {
    let scene = scene().await?;
    let client: &Client = &scene.user1;
    let mut socket = scene.socket(client).await?;
    for body in ["", "{}", "not json"] {
        let frame = Frame::new("SEND", &[("destination", "/app/extendOnline")]).with_body(body);
        socket.send_for_receipt(frame).await?;
    }
    Ok(())
}
