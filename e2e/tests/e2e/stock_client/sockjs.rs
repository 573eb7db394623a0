//! `sockjs-client` with `stompjs` 2, as the page of the seed's system, over each transport.

use anyhow::Result;
use serde_json::json;

use super::Watcher;
use crate::scene::scene;

async fn sees_messages_over(transport: &str) -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let arguments = [scene.url, &room.to_string(), "2", transport];
    let mut watcher = Watcher::node("sockjs", &arguments).await?;
    let subscribed = json!({"subscribed": room, "over": transport});
    assert_eq!(watcher.next().await?, subscribed);
    watcher.sees_two_messages(&scene.user1, room).await
}

#[tokio::test]
async fn stomp_7_sockjs_client_sees_messages_over_websocket() -> Result<()> {
    sees_messages_over("websocket").await
}

#[tokio::test]
async fn stomp_7_sockjs_client_sees_messages_over_xhr_streaming() -> Result<()> {
    sees_messages_over("xhr-streaming").await
}

#[tokio::test]
async fn stomp_7_sockjs_client_sees_messages_over_eventsource() -> Result<()> {
    sees_messages_over("eventsource").await
}

#[tokio::test]
async fn stomp_7_sockjs_client_sees_messages_over_xhr_polling() -> Result<()> {
    sees_messages_over("xhr-polling").await
}
