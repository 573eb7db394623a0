//! Who is online and who is typing, across the nodes of the system (contract §5, decision 19).

use std::{collections::HashMap, time::Duration};

use anyhow::{Context as _, Result};
use colloquy_e2e::{
    client::{Client, Frame, Handshake, Socket},
    harness::eventually,
};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    customer::newcomer::Newcomer,
    scene::{Scene, listed, scene},
};

/// As often as it takes to meet both nodes of a distributed system.
const ROUNDS: usize = 4;

/// Three customers of this test alone, and their room.
struct Trio {
    watcher: Newcomer,
    other: Newcomer,
    /// Comes and goes: everything that is pushed before it was due before.
    herald: Newcomer,
    room: i64,
}

async fn trio(scene: &Scene) -> Result<Trio> {
    let watcher = scene.newcomer("Who Watches").await?;
    let other = scene.newcomer("Who Comes").await?;
    let herald = scene.newcomer("Who Follows").await?;
    let others = [other.id, herald.id];
    let room = watcher.client.create_room("A room", &others).await?;
    // A subscriber that comes before the participants of the room are known receives the states later.
    listed(&watcher.client, room, "the room", |_| true).await?;
    Ok(Trio {
        watcher,
        other,
        herald,
        room,
    })
}

impl Trio {
    /// The watcher's socket, subscribed to a topic of the room.
    async fn watch(&self, scene: &Scene, topic: &str) -> Result<Socket> {
        let mut socket = scene.socket(&self.watcher.client).await?;
        let destination = format!("/topic/{topic}/roomId/{}", self.room);
        socket.subscribe(&destination).await?;
        Ok(socket)
    }

    /// The next push about another customer than the watcher.
    async fn next_state(&self, watching: &mut Socket) -> Result<Value> {
        let own = |frame: &Frame| {
            let body = frame.json::<Value>();
            body.is_ok_and(|body| body["customerId"] == self.watcher.id)
        };
        let is_news = |frame: &Frame| frame.command == "MESSAGE" && !own(frame);
        watching.next_where(is_news).await?.json()
    }

    /// No other state is pushed while the herald comes and goes on every node: a node publishes in the order of its
    /// sessions, and pushes in the order of the changes, so an earlier change is pushed before.
    async fn assert_nothing_else_is_pushed(
        &self,
        scene: &Scene,
        watching: &mut Socket,
    ) -> Result<()> {
        for _ in 0..ROUNDS {
            let herald = scene.socket(&self.herald.client).await?;
            assert_eq!(self.next_state(watching).await?, status(&self.herald, true));
            leave(herald).await?;
            assert_eq!(
                self.next_state(watching).await?,
                status(&self.herald, false)
            );
        }
        Ok(())
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

fn status(who: &Newcomer, online: bool) -> Value {
    json!({"customerId": who.id, "online": online})
}

/// Ends a session; the receipt says that it has ended.
async fn leave(mut socket: Socket) -> Result<()> {
    socket.send_for_receipt(Frame::new("DISCONNECT", &[])).await
}

async fn typing(socket: &mut Socket, room: i64, value: Value) -> Result<()> {
    let body = json!({"roomId": room, "isTyping": value}).to_string();
    let frame = Frame::new("SEND", &[("destination", "/app/typing")]).with_body(&body);
    socket.send_for_receipt(frame).await
}

#[tokio::test]
async fn contract_5_presence_lasts_from_the_first_session_to_the_last() -> Result<()> {
    let scene = scene().await?;
    let trio = trio(&scene).await?;
    let mut watching = trio.watch(&scene, "onlineStatus").await?;
    let first = scene.socket(&trio.other.client).await?;
    assert_eq!(
        trio.next_state(&mut watching).await?,
        status(&trio.other, true)
    );
    // With two nodes these are on both.
    let second = scene.socket(&trio.other.client).await?;
    let third = scene.socket(&trio.other.client).await?;
    leave(first).await?;
    leave(second).await?;
    trio.assert_nothing_else_is_pushed(&scene, &mut watching)
        .await?;
    // Cut, without a word.
    drop(third);
    assert_eq!(
        trio.next_state(&mut watching).await?,
        status(&trio.other, false)
    );
    trio.assert_nothing_else_is_pushed(&scene, &mut watching)
        .await
}

#[tokio::test]
async fn contract_query_online_status_shows_each_participant() -> Result<()> {
    let scene = scene().await?;
    let trio = trio(&scene).await?;
    let rows = |other| {
        json!([
            status(&trio.watcher, false),
            status(&trio.other, other),
            status(&trio.herald, false),
        ])
    };
    eventually("all are away", || async {
        Ok((trio.online().await? == rows(false)).then_some(()))
    })
    .await?;
    let socket = scene.socket(&trio.other.client).await?;
    eventually("one is online", || async {
        Ok((trio.online().await? == rows(true)).then_some(()))
    })
    .await?;
    drop(socket);
    eventually("all are away again", || async {
        Ok((trio.online().await? == rows(false)).then_some(()))
    })
    .await
}

#[tokio::test]
async fn stomp_n5_a_refused_connect_brings_no_customer_online() -> Result<()> {
    let scene = scene().await?;
    let trio = trio(&scene).await?;
    let mut watching = trio.watch(&scene, "onlineStatus").await?;
    // Tokens that say who she is, and are not believed.
    let token = trio.other.client.token().context("a session")?;
    let unsigned = &token[..=token.rfind('.').context("a signature")?];
    let logout = trio.other.client.post("/auth/logout", &json!({})).await?;
    assert_eq!(logout.status, 200, "{logout:?}");
    for token in [token, unsigned] {
        for (cookie, header) in [(Some(token), None), (None, Some(token))] {
            let handshake = Handshake {
                cookie,
                ..Handshake::default()
            };
            let mut socket = Socket::open(scene.url, handshake).await?;
            let mut connect = Frame::new("CONNECT", &[("accept-version", "1.2")]);
            let header = header.map(|token| ("jwt_token".to_owned(), token.to_owned()));
            connect.headers.extend(header);
            socket.send(&connect).await?;
            let (error, _) = socket.expect_error().await?;
            assert_eq!(error.header("message"), Some("authentication failed"));
        }
    }
    trio.assert_nothing_else_is_pushed(&scene, &mut watching)
        .await
}

#[tokio::test]
async fn contract_5_typing_is_pushed_when_it_begins_and_when_it_ends() -> Result<()> {
    let scene = scene().await?;
    let trio = trio(&scene).await?;
    let mut watching = trio.watch(&scene, "typing").await?;
    let mut typist = scene.socket(&trio.other.client).await?;
    let expected =
        |on: bool| json!({"roomId": trio.room, "typing": on, "customerId": trio.other.id});
    for (value, on) in [
        (json!(1), true),
        (json!(0), false),
        (json!(true), true),
        (json!(false), false),
        (json!(1), true),
    ] {
        // A repeat is not pushed: the next push is another state.
        for _ in 0..2 {
            typing(&mut typist, trio.room, value.clone()).await?;
        }
        assert_eq!(trio.next_state(&mut watching).await?, expected(on));
    }
    Ok(())
}

#[tokio::test]
async fn b21_stomp_s13_a_room_that_is_opened_shows_its_typists() -> Result<()> {
    let scene = scene().await?;
    let trio = trio(&scene).await?;
    let mut typist = scene.socket(&trio.other.client).await?;
    let mut watching = trio.watch(&scene, "typing").await?;
    typing(&mut typist, trio.room, json!(1)).await?;
    let expected =
        |on: bool| json!({"roomId": trio.room, "typing": on, "customerId": trio.other.id});
    assert_eq!(trio.next_state(&mut watching).await?, expected(true));
    // On every node, for as long as it goes on.
    for _ in 0..ROUNDS {
        typing(&mut typist, trio.room, json!(1)).await?;
        let mut late = trio.watch(&scene, "typing").await?;
        assert_eq!(trio.next_state(&mut late).await?, expected(true));
    }
    typing(&mut typist, trio.room, json!(0)).await?;
    assert_eq!(trio.next_state(&mut watching).await?, expected(false));
    Ok(())
}

#[tokio::test]
async fn contract_5_typing_ends_by_itself_two_seconds_after_its_last_frame() -> Result<()> {
    let scene = scene().await?;
    let trio = trio(&scene).await?;
    let mut watching = trio.watch(&scene, "typing").await?;
    let mut typist = scene.socket(&trio.other.client).await?;
    typing(&mut typist, trio.room, json!(1)).await?;
    assert_eq!(trio.next_state(&mut watching).await?["typing"], true);
    let early = watching.next_within(Duration::from_secs(1)).await;
    assert!(early.is_err(), "{early:?}");
    let last = Instant::now();
    typing(&mut typist, trio.room, json!(1)).await?;
    assert_eq!(trio.next_state(&mut watching).await?["typing"], false);
    let lasted = last.elapsed();
    assert!(
        (Duration::from_millis(1900)..Duration::from_secs(4)).contains(&lasted),
        "{lasted:?}"
    );
    // The end was pushed once.
    typing(&mut typist, trio.room, json!(1)).await?;
    assert_eq!(trio.next_state(&mut watching).await?["typing"], true);
    Ok(())
}

#[tokio::test]
async fn stomp_s8_bad_json_about_typing_is_dropped_and_the_session_goes_on() -> Result<()> {
    let scene = scene().await?;
    let trio = trio(&scene).await?;
    let mut watching = trio.watch(&scene, "typing").await?;
    let mut typist = scene.socket(&trio.other.client).await?;
    for body in ["", "{", "[]", "null", r#"{"roomId":"x","isTyping":1}"#] {
        let frame = Frame::new("SEND", &[("destination", "/app/typing")]).with_body(body);
        typist.send_for_receipt(frame).await?;
    }
    typing(&mut typist, trio.room, json!(1)).await?;
    assert_eq!(trio.next_state(&mut watching).await?["typing"], true);
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

#[tokio::test]
async fn b19_all_states_are_right_in_the_end_however_many_change_at_once() -> Result<()> {
    const ROOMS: usize = 250;
    const OTHERS: usize = 11;
    let scene = scene().await?;
    let watcher = scene.newcomer("Who Watches").await?;
    let mut others = Vec::new();
    for number in 0..OTHERS {
        others.push(scene.newcomer(&format!("One Of Many {number}")).await?);
    }
    let ids: Vec<_> = others.iter().map(|other| other.id).collect();
    let mut watching = scene.socket(&watcher.client).await?;
    for _ in 0..ROOMS {
        let room = watcher.client.create_room("One of many", &ids).await?;
        listed(&watcher.client, room, "the room", |_| true).await?;
        let destination = format!("/topic/onlineStatus/roomId/{room}");
        watching.subscribe(&destination).await?;
    }
    let sockets = others.iter().map(|other| scene.socket(&other.client));
    let _sockets = try_join_all(sockets).await?;
    let mut states = HashMap::new();
    while states.len() < ROOMS * OTHERS {
        let message = watching
            .next_where(|frame| frame.command == "MESSAGE")
            .await?;
        let place = message.header("destination").context("a room")?.to_owned();
        let state: Value = message.json()?;
        if state["customerId"] != watcher.id {
            states.insert(
                (place, state["customerId"].as_i64()),
                state["online"] == true,
            );
        }
    }
    assert!(states.values().all(|online| *online));
    Ok(())
}
