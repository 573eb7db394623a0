//! `POST /auth/logout`: a session ends everywhere, at once (decision 23, reliability.md S08).

use std::time::Duration;

use anyhow::{Context as _, Result};
use colloquy_e2e::client::{Answer, Client, Handshake, Seeded, Socket, USER1, USER3};
use reqwest::{
    Method,
    header::{COOKIE, HeaderValue},
};
use serde_json::json;
use tokio::time::Instant;

use crate::scene::{Scene, assert_common, assert_refused, keys, scene};

const LOGOUT: &str = "/auth/logout";
/// Enough that both gateways and both nodes of a distributed system are met again and again.
const REPLAYS: usize = 100;
const SOCKETS: usize = 4;

/// A session of its own: all tests share those of the scene.
async fn own_session(scene: &Scene, of: Seeded) -> Result<Client> {
    scene.anonymous()?.login(of.username, of.password).await
}

async fn log_out(client: &Client) -> Result<Answer> {
    Ok(client.post(LOGOUT, &json!({})).await?)
}

#[track_caller]
fn assert_logged_out(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 200, "{what}: {answer:?}");
    assert_eq!(keys(&answer.body), ["details", "message"], "{what}");
    assert_eq!(answer.body["message"], "Logout successful.", "{what}");
    assert_common(answer, what);
    assert_cleared(answer, what);
}

#[track_caller]
fn assert_cleared(answer: &Answer, what: &str) {
    let cookie = answer.session_cookie().unwrap_or_default();
    assert!(cookie.starts_with("jwt_token=;"), "{what}: {answer:?}");
    assert!(cookie.contains("Max-Age=0"), "{what}: {cookie}");
}

#[tokio::test]
async fn s08_the_cookie_of_a_session_that_was_logged_out_is_401_at_once_wherever_it_is_replayed()
-> Result<()> {
    let scene = scene().await?;
    let (ended, other) = (
        own_session(&scene, USER1).await?,
        own_session(&scene, USER1).await?,
    );
    assert_eq!(ended.get("/query/rooms").await?.status, 200);
    assert_logged_out(&log_out(&ended).await?, "logout");
    for replay in 0..REPLAYS {
        let answer = ended.get("/query/rooms").await?;
        assert_refused(&answer, 401, &format!("replay {replay}"));
        assert_cleared(&answer, "replay");
        assert_eq!(other.get("/query/rooms").await?.status, 200);
    }
    let room = json!({"roomName": "Mine no more", "targetCustomerIds": [USER3.id]});
    assert_refused(&ended.post("/command/room", &room).await?, 401, "a write");
    Ok(())
}

#[tokio::test]
async fn stomp_n10_sockets_of_a_session_that_was_logged_out_end_within_two_seconds() -> Result<()> {
    let scene = scene().await?;
    let (ended, other) = (
        own_session(&scene, USER3).await?,
        own_session(&scene, USER3).await?,
    );
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        sockets.push((scene.socket(&ended).await?, scene.socket(&other).await?));
    }
    assert_logged_out(&log_out(&ended).await?, "logout");
    let logged_out = Instant::now();
    for (socket, _) in &mut sockets {
        let (error, closed) = socket.expect_error().await?;
        assert_eq!(error.header("message"), Some("session ended"));
        assert_eq!(closed.code, 1002);
    }
    let taken = logged_out.elapsed();
    assert!(taken <= Duration::from_secs(2), "{taken:?}");
    for (_, socket) in &mut sockets {
        socket.subscribe("/user/topic/rooms").await?;
    }
    Ok(())
}

#[tokio::test]
async fn stomp_n5_a_session_that_was_logged_out_opens_no_socket() -> Result<()> {
    let scene = scene().await?;
    let ended = own_session(&scene, USER3).await?;
    assert_logged_out(&log_out(&ended).await?, "logout");
    let token = ended.token().context("a session")?;
    for _ in 0..SOCKETS {
        for (cookie, header) in [(Some(token), None), (None, Some(token))] {
            let handshake = Handshake {
                cookie,
                ..Handshake::default()
            };
            let mut socket = Socket::open(scene.url, handshake).await?;
            let headers: Vec<_> = header
                .map(|token| ("jwt_token", token))
                .into_iter()
                .collect();
            assert!(socket.log_in(&headers).await.is_err(), "let in");
        }
    }
    Ok(())
}

/// What a browser sends that holds several cookies of the name, and one of another page.
fn beside(token: &str, others: [&str; 2]) -> Result<HeaderValue> {
    let [before, after] = others;
    let cookies = format!("{before}; jwt_token={token}; {after}");
    Ok(HeaderValue::from_bytes(cookies.as_bytes())?)
}

#[tokio::test]
async fn b07_beside_stale_and_foreign_cookies_a_session_is_let_in_and_ended_by_its_logout()
-> Result<()> {
    let scene = scene().await?;
    let ended = own_session(&scene, USER1).await?;
    assert_logged_out(&log_out(&ended).await?, "logout");
    let ended = format!("jwt_token={}", ended.token().context("a session")?);
    for others in [
        [ended.as_str(), "theme=dark"],
        ["theme=dark", ended.as_str()],
        ["jwt_token=garbage", "jwt_token="],
        ["city=München", "theme=dark"],
    ] {
        let what = format!("{others:?}");
        let session = own_session(&scene, USER1).await?;
        let cookies = beside(session.token().context("a session")?, others)?;
        let anonymous = scene.anonymous()?;
        let ask = |method, path: &str| anonymous.request(method, path).header(COOKIE, &cookies);
        let rooms = anonymous.fetch(ask(Method::GET, "/query/rooms")).await?;
        assert_eq!(
            (rooms.status, rooms.session_cookie()),
            (200, None),
            "{what}"
        );
        let logout = anonymous.fetch(ask(Method::POST, "/auth/logout")).await?;
        assert_logged_out(&logout, &what);
        assert_refused(&session.get("/query/rooms").await?, 401, &what);
    }
    Ok(())
}

#[tokio::test]
async fn b07_a_logout_ends_all_sessions_that_it_carries() -> Result<()> {
    let scene = scene().await?;
    let sessions = [
        own_session(&scene, USER1).await?,
        own_session(&scene, USER3).await?,
        own_session(&scene, USER1).await?,
    ];
    let tokens = sessions.iter().filter_map(Client::token);
    let cookies: Vec<_> = tokens.map(|token| format!("jwt_token={token}")).collect();
    let anonymous = scene.anonymous()?;
    let logout = anonymous
        .request(Method::POST, "/auth/logout")
        .header(COOKIE, cookies.join("; "));
    assert_logged_out(&anonymous.fetch(logout).await?, "three sessions");
    for session in &sessions {
        assert_refused(&session.get("/query/rooms").await?, 401, "ended");
    }
    Ok(())
}

#[tokio::test]
async fn decision_23_logout_without_a_session_and_logout_twice_are_200() -> Result<()> {
    let scene = scene().await?;
    let anonymous = scene.anonymous()?;
    assert_logged_out(&log_out(&anonymous).await?, "no cookie");
    assert_logged_out(&log_out(&anonymous.with_token("garbage")).await?, "garbage");
    let session = own_session(&scene, USER1).await?;
    assert_logged_out(&log_out(&session).await?, "once");
    assert_logged_out(&log_out(&session).await?, "twice");
    Ok(())
}

#[tokio::test]
async fn contract_3_logout_needs_no_body_and_another_method_is_405() -> Result<()> {
    let scene = scene().await?;
    let session = own_session(&scene, USER1).await?;
    let get = session.get(LOGOUT).await?;
    assert_eq!(get.status, 405, "{get:?}");
    assert_eq!(session.get("/query/rooms").await?.status, 200);
    let request = session.request(Method::POST, LOGOUT);
    assert_logged_out(&session.fetch(request).await?, "without a body");
    assert_refused(&session.get("/query/rooms").await?, 401, "afterwards");
    Ok(())
}
