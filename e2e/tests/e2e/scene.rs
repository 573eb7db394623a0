//! What tests begin with, and what they look at again and again.

use anyhow::Result;
use colloquy_e2e::{
    client::{Answer, Client, Socket, USER1, USER2, USER3},
    harness::{System, eventually},
};
use serde_json::Value;

/// The three seeded customers, logged in.
pub struct Scene {
    pub url: &'static str,
    pub user1: Client,
    pub user2: Client,
    pub user3: Client,
}

pub async fn scene() -> Result<Scene> {
    let system = System::shared().await?;
    Ok(Scene {
        url: system.url(),
        user1: system.client(USER1).await?,
        user2: system.client(USER2).await?,
        user3: system.client(USER3).await?,
    })
}

impl Scene {
    /// A client without a session.
    pub fn anonymous(&self) -> Result<Client> {
        Client::new(self.url)
    }

    /// A fresh room of user 1 and user 2; user 3 is a stranger to it.
    pub async fn room(&self) -> Result<i64> {
        Ok(self.user1.create_room("A room", &[USER2.id]).await?)
    }

    /// A STOMP session of that customer.
    pub async fn socket(&self, of: &Client) -> Result<Socket> {
        Socket::connect(self.url, of.token().unwrap_or_default()).await
    }
}

/// A room as the caller's list shows it, whole, once it fits.
pub async fn listed(
    client: &Client,
    room: i64,
    awaited: &str,
    fits: impl Fn(&Value) -> bool,
) -> Result<Value> {
    eventually(awaited, || async {
        let answer = client.get("/query/rooms").await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        let rooms = answer.data().as_array().cloned().unwrap_or_default();
        let found = rooms.into_iter().find(|view| view["roomId"] == room);
        Ok(found.filter(|view| fits(view)))
    })
    .await
}

/// The refusal of contract §2: the status, and the envelope with a sentence for a person.
#[track_caller]
pub fn assert_refused(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    assert_eq!(
        keys(&answer.body),
        ["data", "message", "success"],
        "{what}: {answer:?}"
    );
    assert_eq!(answer.body["success"], false, "{what}: {answer:?}");
    assert_eq!(answer.body["data"], Value::Null, "{what}: {answer:?}");
    assert!(is_sentence(&answer.body["message"]), "{what}: {answer:?}");
    assert_common(answer, what);
}

/// What every answer has.
#[track_caller]
pub fn assert_common(answer: &Answer, what: &str) {
    let id = answer.header("x-request-id").unwrap_or_default();
    assert!(!id.is_empty(), "{what} has no X-Request-Id: {answer:?}");
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("application/json"), "{what}: {answer:?}");
}

/// Says something, and nothing that only a programmer would understand.
pub fn is_sentence(message: &Value) -> bool {
    let text = message.as_str().unwrap_or_default();
    let inside = ["SELECT", "sqlx", "panicked", "127.0.0.1", "::"];
    !text.trim().is_empty() && !inside.iter().any(|word| text.contains(word))
}

/// The names in an object, sorted.
pub fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object
        .as_object()
        .map(|object| object.keys().map(String::as_str).collect())
        .unwrap_or_default();
    keys.sort_unstable();
    keys
}

/// `2023-11-14T22:13:20.120Z`: three digits of fraction, no more and no fewer, and a Z.
pub fn is_instant(text: &str) -> bool {
    const SHAPE: &str = "dddd-dd-ddTdd:dd:dd.dddZ";
    text.len() == SHAPE.len()
        && SHAPE.chars().zip(text.chars()).all(|(shape, character)| {
            if shape == 'd' {
                character.is_ascii_digit()
            } else {
                character == shape
            }
        })
}

#[test]
fn an_instant_has_exactly_three_digits_and_a_z() {
    assert!(is_instant("2023-11-14T22:13:20.120Z"));
    for text in [
        "2023-11-14T22:13:20.12Z",
        "2023-11-14T22:13:20.1200Z",
        "2023-11-14T22:13:20Z",
        "2023-11-14T22:13:20.120+00:00",
        "2023-11-14 22:13:20.120Z",
    ] {
        assert!(!is_instant(text), "{text}");
    }
}
