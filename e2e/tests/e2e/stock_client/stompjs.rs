//! `@stomp/stompjs` 7, as most pages use it.

use std::time::Duration;

use anyhow::Result;
use colloquy_e2e::{
    client::{Client, USER1, USER2},
    harness::{Instance, Options},
};
use serde_json::json;

use super::Watcher;
use crate::scene::scene;

/// In every version, known by the cookie and known by CONNECT.
async fn sees_messages(version: &str, by: &str) -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let room_id = room.to_string();
    let options = ["--version", version, "--by", by];
    let arguments = [&options[..], &[scene.url, &room_id, "2"]].concat();
    let mut watcher = Watcher::node("stompjs", &arguments).await?;
    let subscribed = watcher.next().await?;
    assert_eq!(subscribed["subscribed"], room);
    assert_eq!(subscribed["version"], version);
    watcher.sees_two_messages(&scene.user1, room).await
}

#[tokio::test]
async fn contract_5_stompjs_speaks_1_2_known_by_its_cookie() -> Result<()> {
    sees_messages("1.2", "cookie").await
}

#[tokio::test]
async fn contract_5_stompjs_speaks_1_2_known_by_connect() -> Result<()> {
    sees_messages("1.2", "header").await
}

#[tokio::test]
async fn contract_5_stompjs_speaks_1_1_known_by_its_cookie() -> Result<()> {
    sees_messages("1.1", "cookie").await
}

#[tokio::test]
async fn contract_5_stompjs_speaks_1_1_known_by_connect() -> Result<()> {
    sees_messages("1.1", "header").await
}

#[tokio::test]
async fn contract_5_stompjs_speaks_1_0_known_by_its_cookie() -> Result<()> {
    sees_messages("1.0", "cookie").await
}

#[tokio::test]
async fn contract_5_stompjs_speaks_1_0_known_by_connect() -> Result<()> {
    sees_messages("1.0", "header").await
}

/// Three beats are longer than the two and a half intervals after which a silent client is closed.
#[tokio::test]
async fn decision_20_stompjs_and_the_server_beat_both_ways_under_the_setting() -> Result<()> {
    const BEATS: usize = 3;
    let instance = Instance::start(Options {
        env: vec![("COLLOQUY_STOMP__HEART_BEAT".into(), "[10000,10000]".into())],
        ..Options::default()
    })
    .await?;
    let sender = Client::new(&instance.url())?
        .login(USER1.username, USER1.password)
        .await?;
    let room = sender.create_room("A room", &[USER2.id]).await?;
    let (url, room_id) = (instance.url(), room.to_string());
    let options = ["--heart-beat", "10000", "--deadline", "60"];
    let arguments = [&options[..], &[&url, &room_id, "2"]].concat();
    let mut watcher = Watcher::node("stompjs", &arguments).await?;
    assert_eq!(watcher.next().await?["heartBeat"], "10000,10000");

    let (mut sent, mut received) = (0, 0);
    while sent < BEATS || received < BEATS {
        let line = watcher.next_within(Duration::from_secs(15)).await?;
        match line["beat"].as_str() {
            Some("sent") => sent += 1,
            Some("received") => received += 1,
            _ => panic!("expected a beat: {line}"),
        }
    }
    watcher.sees_two_messages(&sender, room).await
}

#[tokio::test]
async fn contract_5_stompjs_comes_back_after_the_server_did() -> Result<()> {
    let mut instance = Instance::start(Options::default()).await?;
    let sender = Client::new(&instance.url())?
        .login(USER1.username, USER1.password)
        .await?;
    let room = sender.create_room("A room", &[USER2.id]).await?;
    let (url, room_id) = (instance.url(), room.to_string());
    let options = ["--reconnect", "--deadline", "30"];
    let arguments = [&options[..], &[&url, &room_id, "1"]].concat();
    let mut watcher = Watcher::node("stompjs", &arguments).await?;
    assert_eq!(watcher.next().await?["subscribed"], room);

    instance.start_again().await?;
    let mut line = watcher.next().await?;
    assert_eq!(line, json!({"closed": 1006}));
    while line["closed"].is_number() {
        line = watcher.next().await?;
    }
    assert_eq!(line["subscribed"], room);
    sender.send(room, "welcome back", None).await?;
    assert_eq!(watcher.next().await?["body"]["content"], "welcome back");
    watcher.next().await?;
    watcher.ends_well().await
}
