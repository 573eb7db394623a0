//! `webstomp-client`.

use anyhow::Result;
use serde_json::json;

use super::Watcher;
use crate::scene::scene;

#[tokio::test]
async fn contract_5_webstomp_client_sees_messages() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let arguments = [scene.url, &room.to_string(), "2"];
    let mut watcher = Watcher::node("webstomp", &arguments).await?;
    assert_eq!(watcher.next().await?, json!({"subscribed": room}));
    watcher.sees_two_messages(&scene.user1, room).await
}
