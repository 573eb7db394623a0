//! `Idempotency-Key` (decision 2).

use anyhow::Result;
use colloquy_e2e::client::{Answer, Client, http::IDEMPOTENCY_KEY};
use futures_util::future::try_join_all;
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::json;
use uuid::Uuid;

use crate::scene::{assert_refused, scene};

const REPLAYED: &str = "idempotent-replayed";

fn fresh_key() -> String {
    Uuid::new_v4().to_string()
}

async fn post_with_key(
    client: &Client,
    path: &str,
    body: &str,
    key: impl TryInto<HeaderValue>,
) -> Result<Answer> {
    let Ok(key) = key.try_into() else {
        anyhow::bail!("a key that no header can hold");
    };
    let request = client
        .request(Method::POST, path)
        .header(CONTENT_TYPE, "application/json")
        .header(IDEMPOTENCY_KEY, key)
        .body(body.to_owned());
    Ok(client.fetch(request).await?)
}

#[tokio::test]
async fn decision_2_a_repeat_answers_as_the_first_did_and_writes_nothing() -> Result<()> {
    let scene = scene().await?;
    let (room, key) = (scene.room().await?, fresh_key());
    let first = scene.user1.send_raw(room, "once", Some(&key)).await?;
    assert_eq!((first.status, first.header(REPLAYED)), (200, None));
    for _ in 0..3 {
        let repeat = scene.user1.send_raw(room, "once", Some(&key)).await?;
        assert_eq!((repeat.status, &repeat.body), (200, &first.body));
        assert_eq!(repeat.header(REPLAYED), Some("true"));
    }
    assert_eq!(scene.user1.send(room, "twice", None).await?.seq, 2);
    assert_eq!(scene.user1.history_from(room, 2).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn decision_2_a_repeated_room_is_the_same_room() -> Result<()> {
    let scene = scene().await?;
    let key = fresh_key();
    let body = json!({"roomName": "Once", "targetCustomerIds": [2]}).to_string();
    let first = post_with_key(&scene.user1, "/command/room", &body, &*key).await?;
    let repeat = post_with_key(&scene.user1, "/command/room", &body, &*key).await?;
    assert_eq!((first.status, first.header(REPLAYED)), (200, None));
    assert_eq!((repeat.status, &repeat.body), (200, &first.body));
    assert_eq!(repeat.header(REPLAYED), Some("true"));
    Ok(())
}

#[tokio::test]
async fn decision_2_the_same_key_with_another_body_is_422() -> Result<()> {
    let scene = scene().await?;
    let (room, other, key) = (scene.room().await?, scene.room().await?, fresh_key());
    scene.user1.send(room, "once", Some(&key)).await?;
    let answer = scene.user1.send_raw(room, "changed", Some(&key)).await?;
    assert_refused(&answer, 422, "another text");
    let answer = scene.user1.send_raw(other, "once", Some(&key)).await?;
    assert_refused(&answer, 422, "another room");
    assert_eq!(scene.user1.send(room, "next", None).await?.seq, 2);
    assert_eq!(scene.user1.send(other, "next", None).await?.seq, 1);
    Ok(())
}

#[tokio::test]
async fn decision_2_the_command_is_compared_not_its_bytes() -> Result<()> {
    let scene = scene().await?;
    let (room, key) = (scene.room().await?, fresh_key());
    let spellings = [
        format!(r#"{{"roomId":{room},"content":"é"}}"#),
        format!(r#"{{ "content" : "\u00e9", "roomId" : {room}, "extra": [1] }}"#),
    ];
    let first = post_with_key(&scene.user1, "/command/message", &spellings[0], &*key).await?;
    let repeat = post_with_key(&scene.user1, "/command/message", &spellings[1], &*key).await?;
    assert_eq!((first.status, repeat.status), (200, 200), "{repeat:?}");
    assert_eq!(repeat.data(), first.data());
    assert_eq!(repeat.header(REPLAYED), Some("true"));
    Ok(())
}

#[tokio::test]
async fn decision_2_a_key_belongs_to_one_customer_and_one_route() -> Result<()> {
    let scene = scene().await?;
    let (room, key) = (scene.room().await?, fresh_key());
    let first = scene.user1.send(room, "mine", Some(&key)).await?;
    let second = scene.user2.send(room, "mine too", Some(&key)).await?;
    assert_eq!((first.seq, second.seq), (1, 2));
    let body = json!({"roomName": "Another", "targetCustomerIds": [2]}).to_string();
    let created = post_with_key(&scene.user1, "/command/room", &body, &*key).await?;
    assert_eq!(
        (created.status, created.header(REPLAYED)),
        (200, None),
        "{created:?}"
    );
    Ok(())
}

#[tokio::test]
async fn decision_2_a_refusal_is_not_kept_under_its_key() -> Result<()> {
    let scene = scene().await?;
    let (room, key) = (scene.room().await?, fresh_key());
    let refused = scene.user1.send_raw(room, " ", Some(&key)).await?;
    assert_refused(&refused, 400, "blank");
    let refused = scene.user1.send_raw(0, "hello", Some(&key)).await?;
    assert_refused(&refused, 403, "no such room");
    let answer = scene.user1.send_raw(room, "hello", Some(&key)).await?;
    assert_eq!(
        (answer.status, answer.header(REPLAYED)),
        (200, None),
        "{answer:?}"
    );
    Ok(())
}

#[tokio::test]
async fn decision_2_400_for_a_key_that_is_none() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let body = json!({"roomId": room, "content": "hello"}).to_string();
    let long = "k".repeat(256);
    for (what, key) in [
        ("empty", HeaderValue::from_static("")),
        ("256 characters", HeaderValue::from_str(&long)?),
        ("a space", HeaderValue::from_static("a b")),
        ("a tab", HeaderValue::from_bytes(b"a\tb")?),
        ("not ASCII", HeaderValue::from_bytes("clé".as_bytes())?),
    ] {
        let answer = post_with_key(&scene.user1, "/command/message", &body, key).await?;
        assert_refused(&answer, 400, what);
    }
    let longest = HeaderValue::from_str(&format!("{}{}", fresh_key(), "!".repeat(219)))?;
    assert_eq!(longest.len(), 255);
    let answer = post_with_key(&scene.user1, "/command/message", &body, longest).await?;
    assert_eq!(
        (answer.status, &answer.data()["seq"]),
        (200, &json!(1)),
        "{answer:?}"
    );
    Ok(())
}

#[tokio::test]
async fn decision_2_authentication_comes_before_the_key() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    let answer = anonymous.send_raw(1, "hello", Some("not a key")).await?;
    assert_refused(&answer, 401, "an anonymous client with a bad key");
    Ok(())
}

#[tokio::test]
async fn f29_20_parallel_sends_under_one_key_make_one_message() -> Result<()> {
    let scene = scene().await?;
    let (room, key) = (scene.room().await?, fresh_key());
    let (user1, key) = (&scene.user1, key.as_str());
    let sends = (0..20).map(|_| user1.send_raw(room, "once", Some(key)));
    let answers = try_join_all(sends).await?;
    for answer in &answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.data(), answers[0].data());
    }
    let fresh = answers.iter().filter(|a| a.header(REPLAYED).is_none());
    assert_eq!(fresh.count(), 1, "one wrote, the others were replays");
    assert_eq!(user1.send(room, "next", None).await?.seq, 2);
    assert_eq!(user1.history_from(room, 2).await?.len(), 2);
    Ok(())
}
