//! `GET /query/message/roomId/{roomId}` and the pages before a message.

use anyhow::Result;
use colloquy_e2e::client::USER1;
use serde_json::json;

use crate::scene::{assert_refused, is_instant, keys, scene};

#[tokio::test]
async fn contract_query_message_200_has_exactly_these_fields() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let sent = scene.user1.send(room, "hello", None).await?;
    let path = format!("/query/message/roomId/{room}?minSeq=1");
    let answer = scene.user2.get(&path).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.data(),
        &json!([{
            "messageId": sent.message_id,
            "roomId": room,
            "senderId": USER1.id,
            "senderFullName": USER1.full_name,
            "content": "hello",
            "sentAt": sent.sent_at,
            "seq": 1,
            "clientKey": null,
        }])
    );
    assert!(is_instant(&sent.sent_at), "{}", sent.sent_at);
    Ok(())
}

#[tokio::test]
async fn contract_query_message_200_an_empty_list_when_there_is_none() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    for path in [
        format!("/query/message/roomId/{room}"),
        format!("/query/message/roomId/{room}/index/1"),
    ] {
        let answer = scene.user1.get(&path).await?;
        assert_eq!((answer.status, answer.data()), (200, &json!([])), "{path}");
        assert_eq!(keys(&answer.body), ["data", "message", "success"]);
    }
    Ok(())
}

#[tokio::test]
async fn contract_query_message_pages_of_20_newest_first() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut ids = vec![0];
    for n in 1..=45 {
        let sent = scene
            .user1
            .send(room, &format!("message {n}"), None)
            .await?;
        ids.push(sent.message_id);
    }
    let seqs = |page: &[colloquy_e2e::client::Message]| -> Vec<i64> {
        page.iter().map(|message| message.seq).collect()
    };
    let latest = scene.user2.history_from(room, 45).await?;
    assert_eq!(seqs(&latest), (26..=45).rev().collect::<Vec<_>>());
    let second = scene.user2.history_before(room, ids[26]).await?;
    assert_eq!(seqs(&second), (6..=25).rev().collect::<Vec<_>>());
    let third = scene.user2.history_before(room, ids[6]).await?;
    assert_eq!(seqs(&third), (1..=5).rev().collect::<Vec<_>>());
    assert_eq!(scene.user2.history_before(room, ids[1]).await?, []);
    let beyond = scene.user2.history_before(room, i64::MAX).await?;
    assert_eq!(beyond, latest);
    Ok(())
}

#[tokio::test]
async fn decision_12_min_seq_reads_ones_own_write_every_time() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    for n in 1..=30 {
        let sent = scene.user1.send(room, "hello", None).await?;
        let history = scene.user1.history_from(room, n).await?;
        assert_eq!(history[0].message_id, sent.message_id);
        let path = format!(
            "/query/message/roomId/{room}/index/{}?minSeq={n}",
            sent.message_id + 1
        );
        let page = scene.user2.get(&path).await?;
        assert_eq!(page.data()[0]["seq"], n, "{page:?}");
    }
    Ok(())
}

#[tokio::test]
async fn decision_12_min_seq_beyond_what_was_sent_is_503_with_retry_after() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let path = format!("/query/message/roomId/{room}?minSeq=1");
    let answer = scene.user1.get(&path).await?;
    assert_refused(&answer, 503, "a seq that is not there");
    let seconds = answer.header("retry-after").unwrap_or_default();
    assert!(seconds.parse::<u32>().is_ok(), "Retry-After: {seconds}");
    Ok(())
}

#[tokio::test]
async fn contract_query_message_403_for_a_stranger_and_for_a_room_that_does_not_exist() -> Result<()>
{
    let scene = scene().await?;
    let room = scene.room().await?;
    let sent = scene.user1.send(room, "hello", None).await?;
    scene.user1.history_from(room, 1).await?;
    let missing = 9_007_199_254_740_991_i64;
    let mut bodies = Vec::new();
    for path in [
        format!("/query/message/roomId/{room}"),
        format!("/query/message/roomId/{room}?minSeq=1"),
        format!("/query/message/roomId/{room}/index/{}", sent.message_id + 1),
        format!("/query/message/roomId/{missing}"),
        format!("/query/message/roomId/{missing}/index/1"),
    ] {
        let answer = scene.user3.get(&path).await?;
        assert_refused(&answer, 403, &path);
        bodies.push(answer.body);
    }
    assert!(
        bodies.windows(2).all(|pair| pair[0] == pair[1]),
        "an outsider does not learn whether a room exists"
    );
    Ok(())
}

#[tokio::test]
async fn contract_query_message_400_for_what_is_no_number() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    for path in [
        "/query/message/roomId/abc".to_owned(),
        "/query/message/roomId/1.5".to_owned(),
        "/query/message/roomId/1e3".to_owned(),
        "/query/message/roomId/%20".to_owned(),
        "/query/message/roomId/9223372036854775808".to_owned(),
        "/query/message/roomId/-9223372036854775809".to_owned(),
        format!("/query/message/roomId/{room}/index/abc"),
        format!("/query/message/roomId/{room}/index/9223372036854775808"),
        format!("/query/message/roomId/{room}?minSeq=abc"),
        format!("/query/message/roomId/{room}?minSeq=9223372036854775808"),
    ] {
        assert_refused(&scene.user1.get(&path).await?, 400, &path);
    }
    Ok(())
}

#[tokio::test]
async fn contract_query_message_ignores_extra_parameters() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let path = format!("/query/message/roomId/{room}?customerId=3&page=2");
    let answer = scene.user1.get(&path).await?;
    assert_eq!((answer.status, answer.data()), (200, &json!([])));
    Ok(())
}
