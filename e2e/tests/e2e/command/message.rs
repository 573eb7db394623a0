//! `POST /command/message`.

use anyhow::Result;
use colloquy_e2e::client::{Answer, CallError, Client};
use futures_util::future::try_join_all;
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::json;

use crate::scene::{assert_common, assert_refused, is_instant, keys, scene};

const MESSAGE: &str = "/command/message";

async fn post_text(client: &Client, kind: Option<&str>, body: String) -> Result<Answer> {
    let mut request = client.request(Method::POST, MESSAGE).body(body);
    if let Some(kind) = kind {
        request = request.header(CONTENT_TYPE, kind);
    }
    Ok(client.fetch(request).await?)
}

#[tokio::test]
async fn contract_command_message_200_answers_what_was_recorded() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let answer = scene.user1.send_raw(room, "hello", None).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(keys(&answer.body), ["data", "message", "success"]);
    assert_eq!(answer.body["success"], true);
    assert_common(&answer, "a message");
    let data = answer.data();
    assert_eq!(keys(data), ["messageId", "roomId", "sentAt", "seq"]);
    assert_eq!(data["roomId"], room);
    assert_eq!(data["seq"], 1);
    assert!(
        data["messageId"].as_i64().is_some_and(|id| id > 0),
        "{data}"
    );
    assert!(
        is_instant(data["sentAt"].as_str().unwrap_or_default()),
        "{data}"
    );
    assert_eq!(answer.header("idempotent-replayed"), None);
    Ok(())
}

#[tokio::test]
async fn contract_command_message_keeps_the_text_as_typed() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let texts = [
        "  leading and trailing  ",
        "two\nlines\r\nand a tab\t",
        r#"{"looks":"like JSON"} \ / '"#,
        "Huỳnh Đặng Tấn Phát 👩‍👩‍👧‍👦 e\u{301} \u{202e}",
        "<script>alert(1)</script>",
        "'; DROP TABLE messages; --",
    ];
    for text in texts {
        scene.user1.send(room, text, None).await?;
    }
    let history = scene.user2.history_from(room, 6).await?;
    let kept: Vec<&str> = history.iter().rev().map(|m| m.content.as_str()).collect();
    assert_eq!(kept, texts);
    Ok(())
}

#[tokio::test]
async fn contract_command_message_400_for_text_that_says_nothing_or_too_much() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let over = "ü".repeat(8193);
    for (what, text) in [
        ("empty", ""),
        ("blank", " \t\r\n\u{a0}\u{2003}"),
        ("over 8,192 characters", over.as_str()),
        ("a NUL", "before\0after"),
    ] {
        let answer = scene.user1.send_raw(room, text, None).await?;
        assert_refused(&answer, 400, what);
    }
    let sent = scene.user1.send(room, &"ü".repeat(8192), None).await?;
    assert_eq!(sent.seq, 1, "what was refused takes no seq");
    Ok(())
}

#[tokio::test]
async fn contract_command_message_400_for_a_body_of_another_shape() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    for body in [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "\"text\"".to_owned(),
        json!({"roomId": room}).to_string(),
        json!({"content": "hello"}).to_string(),
        json!({"roomId": null, "content": "hello"}).to_string(),
        json!({"roomId": room.to_string(), "content": "hello"}).to_string(),
        json!({"roomId": 1.5, "content": "hello"}).to_string(),
        json!({"roomId": 9_223_372_036_854_775_808_u64, "content": "hello"}).to_string(),
        json!({"roomId": room, "content": 7}).to_string(),
        json!({"roomId": room, "content": ["hello"]}).to_string(),
        json!({"roomId": room, "content": "hello"}).to_string() + "}",
        format!(r#"{{"roomId":{room},"content":"\ud800"}}"#),
    ] {
        let answer = post_text(&scene.user1, Some("application/json"), body.clone()).await?;
        assert_refused(&answer, 400, &body);
    }
    assert_eq!(scene.user1.send(room, "hello", None).await?.seq, 1);
    Ok(())
}

#[tokio::test]
async fn contract_command_message_415_for_a_body_that_does_not_say_json() -> Result<()> {
    let scene = scene().await?;
    let body = json!({"roomId": scene.room().await?, "content": "hello"}).to_string();
    for kind in [
        None,
        Some("text/plain"),
        Some("multipart/form-data"),
        Some("nonsense"),
    ] {
        let answer = post_text(&scene.user1, kind, body.clone()).await?;
        assert_refused(&answer, 415, &format!("{kind:?}"));
    }
    let charset = Some("application/json; charset=utf-8");
    let answer = post_text(&scene.user1, charset, body).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn decision_31_413_for_a_body_over_256_kib() -> Result<()> {
    let scene = scene().await?;
    let body = json!({"roomId": scene.room().await?, "content": "x".repeat(256 * 1024)});
    let answer = scene.user1.post(MESSAGE, &body).await?;
    assert_refused(&answer, 413, "a body over the limit");
    Ok(())
}

#[tokio::test]
async fn contract_command_message_403_for_a_stranger() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let answer = scene.user3.send_raw(room, "let me in", None).await?;
    assert_refused(&answer, 403, "a stranger");
    assert_eq!(scene.user1.send(room, "hello", None).await?.seq, 1);
    Ok(())
}

#[tokio::test]
async fn b26_a_room_that_is_not_yours_is_refused_with_the_same_words_everywhere() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let stranger = &scene.user3;
    let marker = json!({"roomId": room, "messageId": 1});
    let mut answers = vec![
        stranger.send_raw(room, "let me in", None).await?,
        stranger.post("/command/read", &marker).await?,
    ];
    for what in ["message", "onlineStatus", "readMarkers"] {
        answers.push(
            stranger
                .get(&format!("/query/{what}/roomId/{room}"))
                .await?,
        );
    }
    for answer in answers {
        assert_refused(&answer, 403, "a stranger");
        let message = &answer.body["message"];
        assert_eq!(message, "You are not a member of this room.", "{answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn contract_command_message_403_for_a_room_that_does_not_exist() -> Result<()> {
    let scene = scene().await?;
    let stranger = scene.user3.send_raw(scene.room().await?, "x", None).await?;
    for room in [0, -1, 9_007_199_254_740_991] {
        let answer = scene.user1.send_raw(room, "hello", None).await?;
        assert_refused(&answer, 403, "no such room");
        assert_eq!(
            answer.body, stranger.body,
            "the answer does not say whether the room exists"
        );
    }
    Ok(())
}

#[tokio::test]
async fn invariant_5_seq_has_no_gap_under_50_parallel_sends() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let clients = [&scene.user1, &scene.user2];
    let sends = (0..50).map(|n| async move {
        clients[n % 2]
            .send(room, &format!("message {n}"), None)
            .await
    });
    let mut sent = try_join_all(sends).await?;
    sent.sort_by_key(|sent| sent.seq);
    let seqs: Vec<i64> = sent.iter().map(|sent| sent.seq).collect();
    assert_eq!(seqs, (1..=50).collect::<Vec<_>>());
    assert!(
        sent.is_sorted_by(|a, b| a.message_id < b.message_id),
        "seq follows messageId"
    );
    scene.user1.history_from(room, 50).await?;
    let history = scene.user1.whole_history(room).await?;
    let ids = |seq: i64, id: i64| (seq, id);
    assert_eq!(
        history
            .iter()
            .map(|m| ids(m.seq, m.message_id))
            .collect::<Vec<_>>(),
        sent.iter()
            .map(|s| ids(s.seq, s.message_id))
            .collect::<Vec<_>>()
    );
    Ok(())
}

#[tokio::test]
async fn decision_1_refused_commands_between_accepted_ones_leave_no_gap() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let clients = [&scene.user1, &scene.user3];
    let sends = (0..40).map(|n| async move {
        match clients[n % 2].send(room, "hello", None).await {
            Ok(sent) => Ok(Some(sent.seq)),
            Err(CallError::Refused(answer)) if answer.status == 403 => Ok(None),
            Err(error) => Err(error),
        }
    });
    let mut seqs: Vec<i64> = try_join_all(sends).await?.into_iter().flatten().collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=20).collect::<Vec<_>>());
    Ok(())
}
