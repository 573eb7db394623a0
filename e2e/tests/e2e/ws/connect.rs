//! The upgrade and CONNECT (contract §5, stomp.md §1 and §3).

use anyhow::{Context as _, Result};
use colloquy_e2e::client::{Closed, Frame, Handshake, Socket, stomp::PATH};
use reqwest::Method;
use tokio_tungstenite::tungstenite;

use crate::scene::{Scene, scene};

async fn open(scene: &Scene, cookie: Option<&str>) -> Result<Socket> {
    let handshake = Handshake {
        cookie,
        ..Handshake::default()
    };
    Socket::open(scene.url, handshake).await
}

/// The ERROR of stomp.md §1: flushed, then Close 1002.
async fn assert_error(socket: &mut Socket, what: &str) -> Result<Frame> {
    let (error, closed) = socket.expect_error().await.context(what.to_owned())?;
    assert_eq!(closed.code, 1002, "{what}");
    let message = error.header("message").unwrap_or_default();
    assert!(!message.is_empty(), "{what}: {error:?}");
    let length = error.body.len().to_string();
    assert_eq!(
        error.header("content-length"),
        Some(length.as_str()),
        "stomp R5: {error:?}"
    );
    Ok(error)
}

#[tokio::test]
async fn stomp_n8_connected_names_version_heart_beat_and_customer_in_this_order() -> Result<()> {
    let scene = scene().await?;
    for (client, id) in [(&scene.user1, "1"), (&scene.user2, "2")] {
        let mut socket = open(&scene, client.token()).await?;
        let connected = socket.log_in(&[]).await?;
        let headers = [
            ("version", "1.2"),
            ("heart-beat", "10000,0"),
            ("user-name", id),
        ];
        assert_eq!(connected, Frame::new("CONNECTED", &headers));
    }
    Ok(())
}

#[tokio::test]
async fn stomp_n1_the_highest_common_version_wins() -> Result<()> {
    let scene = scene().await?;
    for (offered, chosen) in [
        (None, "1.0"),
        (Some("1.0"), "1.0"),
        (Some("1.1"), "1.1"),
        (Some("1.2,1.1,1.0"), "1.2"),
        (Some("1.0, 1.1"), "1.1"),
        (Some("1.1,9.9"), "1.1"),
    ] {
        for command in ["CONNECT", "STOMP"] {
            let mut socket = open(&scene, scene.user1.token()).await?;
            let headers: Vec<_> = offered
                .map(|offered| ("accept-version", offered))
                .into_iter()
                .collect();
            socket.send(&Frame::new(command, &headers)).await?;
            let connected = socket.next().await?;
            assert_eq!(
                connected.header("version"),
                Some(chosen),
                "{offered:?}: {connected:?}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn stomp_n2_no_common_version_is_an_error_that_says_which_there_are() -> Result<()> {
    let scene = scene().await?;
    let mut socket = open(&scene, scene.user1.token()).await?;
    socket
        .send(&Frame::new("CONNECT", &[("accept-version", "2.0,3.1")]))
        .await?;
    let error = assert_error(&mut socket, "no common version").await?;
    assert_eq!(error.header("version"), Some("1.0,1.1,1.2"));
    assert_eq!(error.header("content-type"), Some("text/plain"));
    Ok(())
}

#[tokio::test]
async fn contract_5_a_valid_header_lets_in_without_a_cookie() -> Result<()> {
    let scene = scene().await?;
    let token = scene.user2.token().context("a session")?;
    for cookie in [None, Some("garbage")] {
        let mut socket = open(&scene, cookie).await?;
        let connected = socket.log_in(&[("jwt_token", token)]).await?;
        assert_eq!(
            connected.header("user-name"),
            Some("2"),
            "cookie {cookie:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn contract_5_a_valid_cookie_wins_over_any_header() -> Result<()> {
    let scene = scene().await?;
    let theirs = scene.user2.token().context("a session")?;
    for header in ["garbage", "", theirs] {
        let mut socket = open(&scene, scene.user1.token()).await?;
        let connected = socket.log_in(&[("jwt_token", header)]).await?;
        assert_eq!(connected.header("user-name"), Some("1"), "header {header}");
    }
    Ok(())
}

#[tokio::test]
async fn stomp_n5_no_and_bad_tokens_get_the_same_error() -> Result<()> {
    let scene = scene().await?;
    let token = scene.user1.token().context("a session")?;
    let unsigned = &token[..=token.rfind('.').context("a signature")?];
    let mut errors = Vec::new();
    for (cookie, header) in [
        (None, None),
        (Some("garbage"), None),
        (None, Some("garbage")),
        (Some(unsigned), Some("")),
        (Some("garbage"), Some(unsigned)),
    ] {
        let mut socket = open(&scene, cookie).await?;
        let headers: Vec<_> = header
            .map(|token| ("jwt_token", token))
            .into_iter()
            .collect();
        let connect = [&[("accept-version", "1.2")], &headers[..]].concat();
        socket.send(&Frame::new("CONNECT", &connect)).await?;
        errors.push(assert_error(&mut socket, "no valid token").await?);
    }
    assert!(
        errors.windows(2).all(|pair| pair[0] == pair[1]),
        "{errors:?}"
    );
    Ok(())
}

#[tokio::test]
async fn stomp_n4_connect_comes_first_and_once() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let destination = format!("/topic/message/roomId/{room}");
    let subscribe = Frame::new("SUBSCRIBE", &[("id", "0"), ("destination", &destination)]);
    let mut early = open(&scene, scene.user1.token()).await?;
    early.send(&subscribe).await?;
    assert_error(&mut early, "SUBSCRIBE before CONNECT").await?;
    let mut twice = scene.socket(&scene.user1).await?;
    twice
        .send(&Frame::new("CONNECT", &[("accept-version", "1.2")]))
        .await?;
    assert_error(&mut twice, "a second CONNECT").await?;
    Ok(())
}

#[tokio::test]
async fn stomp_w1_one_sub_protocol_is_echoed_the_highest() -> Result<()> {
    let scene = scene().await?;
    for (offered, chosen) in [
        (None, None),
        (Some("v12.stomp"), Some("v12.stomp")),
        (Some("v10.stomp, v12.stomp, v11.stomp"), Some("v12.stomp")),
        (Some("unknown, v11.stomp, v10.stomp"), Some("v11.stomp")),
    ] {
        let handshake = Handshake {
            protocols: offered,
            ..Handshake::default()
        };
        let socket = Socket::open(scene.url, handshake).await?;
        assert_eq!(socket.protocol(), chosen, "{offered:?}");
    }
    Ok(())
}

#[tokio::test]
async fn stomp_w8_what_is_no_upgrade_is_refused() -> Result<()> {
    let scene = scene().await?;
    let answer = scene.user1.get(PATH).await?;
    assert_eq!(answer.status, 400, "{answer:?}");
    let request = scene.user1.request(Method::POST, PATH);
    let answer = scene.user1.fetch(request).await?;
    assert_eq!(answer.status, 405, "{answer:?}");
    let allow = answer.header("allow").unwrap_or_default();
    assert!(allow.contains("GET"), "Allow: {allow}");
    Ok(())
}

#[tokio::test]
async fn s13_a_page_of_a_stranger_is_403_before_the_upgrade() -> Result<()> {
    let scene = scene().await?;
    for headers in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://localhost.evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let handshake = Handshake {
            cookie: scene.user1.token(),
            headers: vec![headers],
            ..Handshake::default()
        };
        let refused = Socket::open(scene.url, handshake).await;
        let error = refused.err().context("a stranger's page got a socket")?;
        let Some(tungstenite::Error::Http(answer)) = error.downcast_ref() else {
            anyhow::bail!("{headers:?}: {error:?}");
        };
        assert_eq!(answer.status().as_u16(), 403, "{headers:?}");
    }
    Ok(())
}

#[tokio::test]
async fn contract_5_the_seeds_page_may_call_and_connect_in_every_way() -> Result<()> {
    let scene = scene().await?;
    for page in ["http://localhost:5500", "http://127.0.0.1:5500"] {
        for path in ["/query/rooms", "/ws/chat-sockjs/info"] {
            let request = scene.user1.request(Method::GET, path);
            let answer = scene.user1.fetch(request.header("origin", page)).await?;
            assert_eq!(answer.status, 200, "{page} {path}: {answer:?}");
            for (name, value) in [
                ("access-control-allow-origin", page),
                ("access-control-allow-credentials", "true"),
            ] {
                assert_eq!(answer.header(name), Some(value), "{page} {path}");
            }
        }
        let handshake = Handshake {
            cookie: scene.user1.token(),
            headers: vec![("origin", page)],
            ..Handshake::default()
        };
        let mut socket = Socket::open(scene.url, handshake).await?;
        socket.log_in(&[]).await.context(page)?;
    }
    Ok(())
}

#[tokio::test]
async fn stomp_r2_disconnect_is_receipted_then_closed_with_1000() -> Result<()> {
    let scene = scene().await?;
    let mut polite = scene.socket(&scene.user1).await?;
    polite
        .send_for_receipt(Frame::new("DISCONNECT", &[]))
        .await?;
    let Closed { code, .. } = polite.expect_close().await?;
    assert_eq!(code, 1000);
    let mut curt = scene.socket(&scene.user1).await?;
    curt.send(&Frame::new("DISCONNECT", &[])).await?;
    assert_eq!(curt.expect_close().await?.code, 1000);
    Ok(())
}
