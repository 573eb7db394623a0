//! Requests under a name that is not ours (decision 25): DNS rebinding gives itself away by its Host.

use anyhow::Result;
use colloquy_e2e::client::{Handshake, Socket};
use reqwest::{Method, header::HOST};

use crate::scene::{assert_refused, scene};

const STRANGERS: [&str; 3] = ["evil.example", "localhost.evil.example:8080", "127.0.0.1:1"];

#[tokio::test]
async fn decision_25_another_host_is_421_for_every_path() -> Result<()> {
    let scene = scene().await?;
    for host in STRANGERS {
        for path in ["/query/rooms", "/nothing", "/ws/chat"] {
            let request = scene.user1.request(Method::GET, path).header(HOST, host);
            assert_refused(&scene.user1.fetch(request).await?, 421, host);
        }
    }
    Ok(())
}

#[tokio::test]
async fn decision_25_another_host_is_refused_before_the_upgrade() -> Result<()> {
    let scene = scene().await?;
    for host in STRANGERS {
        let handshake = Handshake {
            cookie: scene.user1.token(),
            headers: vec![("host", host)],
            ..Handshake::default()
        };
        let refusal = Socket::open(scene.url, handshake)
            .await
            .err()
            .map(|error| error.to_string());
        assert!(
            refusal.as_ref().is_some_and(|text| text.contains("421")),
            "{host}: {refusal:?}"
        );
    }
    Ok(())
}
