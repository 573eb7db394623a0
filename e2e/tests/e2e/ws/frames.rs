//! Frames that have no business here (stomp.md §2 and §5).

use anyhow::Result;
use colloquy_e2e::client::Frame;
use serde_json::json;

use crate::scene::scene;

#[tokio::test]
async fn stomp_f8_a_forged_message_is_an_error_and_reaches_no_client() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let destination = format!("/topic/message/roomId/{room}");
    let mut victim = scene.socket(&scene.user2).await?;
    let subscription = victim.subscribe_room(room).await?;
    let mut forger = scene.socket(&scene.user1).await?;
    let headers = [
        ("destination", destination.as_str()),
        ("subscription", "sub-0"),
        ("message-id", "1"),
    ];
    let body = json!({"messageId": 1, "roomId": room, "content": "forged"}).to_string();
    forger
        .send(&Frame::new("MESSAGE", &headers).with_body(&body))
        .await?;
    let (error, closed) = forger.expect_error().await?;
    assert_eq!(closed.code, 1002, "{error:?}");
    let sent = scene.user1.send(room, "real", None).await?;
    let first: serde_json::Value = victim.next_message(&subscription).await?.json()?;
    assert_eq!(first["messageId"], sent.message_id, "{first}");
    Ok(())
}

#[tokio::test]
async fn stomp_f8_server_commands_and_unknown_ones_are_errors() -> Result<()> {
    let scene = scene().await?;
    for command in [
        "CONNECTED",
        "RECEIPT",
        "ERROR",
        "subscribe",
        "NONSENSE",
        "GET / HTTP/1.1",
    ] {
        let mut socket = scene.socket(&scene.user1).await?;
        socket.send(&Frame::new(command, &[("id", "0")])).await?;
        let (_, closed) = socket.expect_error().await?;
        assert_eq!(closed.code, 1002, "{command}");
    }
    Ok(())
}

#[tokio::test]
async fn stomp_s7_send_to_anything_but_the_app_is_an_error() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let own = format!("/topic/message/roomId/{room}");
    for destination in [
        own.as_str(),
        "/user/topic/rooms",
        "/user/2/topic/rooms",
        "/queue/rooms",
        "/app",
        "/app/",
        "/app/nothing",
        "/app/typing/1",
        "",
    ] {
        let mut socket = scene.socket(&scene.user1).await?;
        let frame = Frame::new("SEND", &[("destination", destination), ("receipt", "r:1")]);
        socket.send(&frame.with_body("{}")).await?;
        let (error, closed) = socket.expect_error().await?;
        assert_eq!(closed.code, 1002, "{destination}");
        assert_eq!(
            error.header("receipt-id"),
            Some("r:1"),
            "stomp R3: {destination}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn stomp_r1_receipts_carry_special_characters_back() -> Result<()> {
    let scene = scene().await?;
    let mut socket = scene.socket(&scene.user1).await?;
    for receipt in ["plain", "a:b", "back\\slash", "line\nend\r", "ü 漢"] {
        let headers = [("id", "no-such-subscription"), ("receipt", receipt)];
        socket.send(&Frame::new("UNSUBSCRIBE", &headers)).await?;
        let answer = socket.next().await?;
        assert_eq!(answer.command, "RECEIPT");
        assert_eq!(answer.header("receipt-id"), Some(receipt));
    }
    Ok(())
}
