//! `POST /command/room`.

use anyhow::Result;
use colloquy_e2e::client::{Answer, Client, USER1, USER2, USER3};
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::scene::{assert_common, assert_refused, is_instant, keys, listed, scene};

const ROOM: &str = "/command/room";

async fn post_text(client: &Client, body: &'static str) -> Result<Answer> {
    let request = client
        .request(Method::POST, ROOM)
        .header(CONTENT_TYPE, "application/json")
        .body(body);
    Ok(client.fetch(request).await?)
}

#[tokio::test]
async fn contract_command_room_200_answers_the_new_room_id() -> Result<()> {
    let user1 = scene().await?.user1;
    let body = json!({"roomName": "Lunch", "targetCustomerIds": [2, 3]});
    let first = user1.post(ROOM, &body).await?;
    let second = user1.post(ROOM, &body).await?;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(keys(&first.body), ["data", "message", "success"]);
    assert_eq!(first.body["success"], true);
    assert_common(&first, "a new room");
    assert!(
        first.data().as_i64() < second.data().as_i64(),
        "{first:?} {second:?}"
    );
    Ok(())
}

#[tokio::test]
async fn contract_command_room_is_in_the_list_of_every_member_and_of_no_other_customer()
-> Result<()> {
    let scene = scene().await?;
    let name = "  Trưa nay \"ăn\" gì? 🍜 ";
    let room = scene.user1.create_room(name, &[USER2.id]).await?;
    for member in [&scene.user1, &scene.user2] {
        let view = listed(member, room, "the new room in a member's list", |_| true).await?;
        assert_eq!(
            keys(&view),
            [
                "createdAt",
                "createdBy",
                "lastMessage",
                "participantIds",
                "roomId",
                "roomName",
                "unreadStatus",
                "updatedAt"
            ]
        );
        assert_eq!(view["roomName"], name);
        assert_eq!(view["participantIds"], json!([USER1.id, USER2.id]));
        assert_eq!(view["unreadStatus"], json!({"1": false, "2": true}));
        assert_eq!(view["lastMessage"], Value::Null);
        assert_eq!(view["createdBy"], USER1.id);
        assert!(
            is_instant(view["createdAt"].as_str().unwrap_or_default()),
            "{view}"
        );
        assert_eq!(view["createdAt"], view["updatedAt"]);
    }
    let others = scene.user3.rooms().await?;
    assert!(others.iter().all(|view| view.room_id != room));
    Ok(())
}

#[tokio::test]
async fn contract_command_room_400_for_each_rule_of_the_room() -> Result<()> {
    let user1 = scene().await?.user1;
    let over = "ü".repeat(101);
    for (what, name, targets) in [
        ("an empty name", "", json!([2])),
        ("a blank name", " \t\n\u{a0}", json!([2])),
        ("a name over 100 characters", over.as_str(), json!([2])),
        ("an empty list", "A room", json!([])),
        ("the caller in the list", "A room", json!([2, 1])),
        ("a repeated id", "A room", json!([2, 3, 2])),
        ("an unknown id", "A room", json!([2, 999_999_999])),
        ("a negative id", "A room", json!([-2])),
    ] {
        let body = json!({"roomName": name, "targetCustomerIds": targets});
        assert_refused(&user1.post(ROOM, &body).await?, 400, what);
    }
    Ok(())
}

#[tokio::test]
async fn b15_names_are_one_visible_line_and_messages_show_something() -> Result<()> {
    let user1 = scene().await?.user1;
    for name in [
        "a\nb",
        "a\r\n",
        "a\u{1b}[2J",
        "a\u{202e}b",
        "\u{2067}a",
        "\u{200b}",
        "\u{2060}\u{3164}",
    ] {
        let body = json!({"roomName": name, "targetCustomerIds": [2]});
        assert_refused(&user1.post(ROOM, &body).await?, 400, name);
        let body =
            json!({"fullName": name, "email": "user1@example.com", "avatarColor": "#4CAF50"});
        assert_refused(&user1.post("/customer/info", &body).await?, 400, name);
    }
    let room = user1
        .create_room("👩\u{200d}🚀 می\u{200c}خواهم", &[USER2.id])
        .await?;
    for text in ["\u{200b}", "\u{2060}", "\u{feff}", " \u{200d}\u{fe0f}\n"] {
        assert_refused(&user1.send_raw(room, text, None).await?, 400, text);
    }
    let sent = user1
        .send(room, "👩\u{200d}🚀\n\u{202e}क्\u{200d}ष", None)
        .await?;
    assert_eq!(sent.seq, 1, "what was refused takes no seq");
    Ok(())
}

#[tokio::test]
async fn contract_command_room_400_for_a_body_of_another_shape() -> Result<()> {
    let user1 = scene().await?.user1;
    for body in [
        "",
        "{",
        "null",
        "[]",
        r#"{"roomName":"A room"}"#,
        r#"{"targetCustomerIds":[2]}"#,
        r#"{"roomName":null,"targetCustomerIds":[2]}"#,
        r#"{"roomName":7,"targetCustomerIds":[2]}"#,
        r#"{"roomName":"A room","targetCustomerIds":2}"#,
        r#"{"roomName":"A room","targetCustomerIds":["2"]}"#,
        r#"{"roomName":"A room","targetCustomerIds":[2.5]}"#,
        r#"{"roomName":"A room","targetCustomerIds":[9223372036854775808]}"#,
        r#"{"roomName":"A room","targetCustomerIds":[2]}trailing"#,
    ] {
        assert_refused(&post_text(&user1, body).await?, 400, body);
    }
    Ok(())
}

#[tokio::test]
async fn contract_command_room_counts_characters_not_bytes_and_ignores_unknown_fields() -> Result<()>
{
    let user1 = scene().await?.user1;
    let body = json!({
        "roomName": "ü".repeat(100),
        "targetCustomerIds": [USER2.id, USER3.id],
        "createdBy": USER3.id,
    });
    let answer = user1.post(ROOM, &body).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    let room = answer.data().as_i64().unwrap_or_default();
    let view = listed(&user1, room, "the room", |_| true).await?;
    assert_eq!(view["createdBy"], USER1.id);
    Ok(())
}

#[tokio::test]
async fn contract_command_room_415_for_a_body_that_does_not_say_json() -> Result<()> {
    let user1 = scene().await?.user1;
    let request = user1
        .request(Method::POST, ROOM)
        .header(CONTENT_TYPE, "text/plain")
        .body(r#"{"roomName":"A room","targetCustomerIds":[2]}"#);
    assert_refused(&user1.fetch(request).await?, 415, "text/plain");
    Ok(())
}

#[tokio::test]
async fn decision_11_a_new_room_is_open_to_its_members_at_once() -> Result<()> {
    let scene = scene().await?;
    let mut socket = scene.socket(&scene.user2).await?;
    for _ in 0..10 {
        let room = scene.room().await?;
        let subscription = socket.subscribe_room(room).await?;
        assert_eq!(scene.user2.history(room).await?, []);
        let sent = scene.user2.send(room, "first", None).await?;
        assert_eq!(sent.seq, 1);
        socket.next_message(&subscription).await?;
    }
    Ok(())
}
