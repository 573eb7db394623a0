//! Who may do what with a room: every cell of the matrix (reliability.md S16).

use anyhow::Result;
use colloquy_e2e::client::{Client, Frame, Socket};
use serde_json::{Value, json};

use crate::scene::{Scene, scene};

/// A person of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Owner,
    Member,
    Stranger,
    Anonymous,
}

const EVERY_KIND: [Who; 4] = [Who::Owner, Who::Member, Who::Stranger, Who::Anonymous];

fn client(scene: &Scene, who: Who) -> Result<Client> {
    Ok(match who {
        Who::Owner => scene.user1.clone(),
        Who::Member => scene.user2.clone(),
        Who::Stranger => scene.user3.clone(),
        Who::Anonymous => scene.anonymous()?,
    })
}

fn expected(who: Who) -> u16 {
    match who {
        Who::Owner | Who::Member => 200,
        Who::Stranger => 403,
        Who::Anonymous => 401,
    }
}

#[tokio::test]
async fn s16_who_may_read_send_and_mark() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let first = scene.user1.send(room, "the first", None).await?;
    // A list of rooms, other than a room, is of what the views hold already.
    scene.user1.history_from(room, 1).await?;
    for who in EVERY_KIND {
        let client = client(&scene, who)?;
        for path in [
            format!("/query/message/roomId/{room}"),
            format!("/query/message/roomId/{room}/index/{}", first.message_id),
            format!("/query/onlineStatus/roomId/{room}"),
            format!("/query/readMarkers/roomId/{room}"),
        ] {
            let answer = client.get(&path).await?;
            assert_eq!(
                answer.status,
                expected(who),
                "{who:?} reads {path}: {answer:?}"
            );
        }
        for (path, body) in [
            (
                "/command/message",
                json!({"roomId": room, "content": format!("of {who:?}")}),
            ),
            (
                "/command/read",
                json!({"roomId": room, "messageId": first.message_id}),
            ),
        ] {
            let answer = client.post(path, &body).await?;
            assert_eq!(
                answer.status,
                expected(who),
                "{who:?} at {path}: {answer:?}"
            );
        }
        let rooms = client.get("/query/rooms").await?;
        let lists_it = rooms
            .data()
            .as_array()
            .is_some_and(|rooms| rooms.iter().any(|view| view["roomId"] == room));
        assert_eq!(lists_it, expected(who) == 200, "{who:?} lists the room");
    }
    assert_eq!(
        scene.user1.history_from(room, 3).await?.len(),
        3,
        "of members alone"
    );
    Ok(())
}

#[tokio::test]
async fn s16_who_may_subscribe_and_type() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    for who in [Who::Owner, Who::Member, Who::Stranger] {
        let client = client(&scene, who)?;
        for topic in ["message", "onlineStatus", "readMarkers", "typing"] {
            let destination = format!("/topic/{topic}/roomId/{room}");
            let subscribe = Frame::new("SUBSCRIBE", &[("id", "0"), ("destination", &destination)]);
            let let_in = is_taken(scene.socket(&client).await?, subscribe).await?;
            assert_eq!(
                let_in,
                expected(who) == 200,
                "{who:?} subscribes to {topic}"
            );
        }
        let body = json!({"roomId": room, "isTyping": 1}).to_string();
        let typing = Frame::new("SEND", &[("destination", "/app/typing")]).with_body(&body);
        let let_in = is_taken(scene.socket(&client).await?, typing).await?;
        assert_eq!(let_in, expected(who) == 200, "{who:?} types");
    }
    let mut anonymous = Socket::open(scene.url, Default::default()).await?;
    assert!(
        anonymous.log_in(&[]).await.is_err(),
        "an anonymous client connects"
    );
    Ok(())
}

/// Whether the server carries a frame out, or ends the session.
async fn is_taken(mut socket: Socket, mut frame: Frame) -> Result<bool> {
    frame.headers.push(("receipt".into(), "done".into()));
    socket.send(&frame).await?;
    let answer = socket.next().await?;
    Ok(match answer.command.as_str() {
        "RECEIPT" => true,
        "ERROR" => false,
        other => anyhow::bail!("{other}: {answer:?}"),
    })
}

#[tokio::test]
async fn s16_no_caller_gets_what_it_may_not_in_any_answer() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    scene.user1.send(room, "for members alone", None).await?;
    for path in [
        format!("/query/message/roomId/{room}"),
        format!("/query/message/roomId/{}", i64::MAX),
    ] {
        let answer = scene.user3.get(&path).await?;
        assert_eq!(
            (answer.status, answer.data()),
            (403, &Value::Null),
            "{answer:?}"
        );
    }
    Ok(())
}
