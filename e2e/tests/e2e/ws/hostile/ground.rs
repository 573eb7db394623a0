//! Where the cases are played: two customers, their rooms, and one good client that must not notice any of it.

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::{
    client::{Client, Frame, Socket, USER1, USER2, USER3},
    harness::System,
};
use serde_json::{Value, json};

/// What the cases speak of.
#[derive(Clone, Debug)]
pub struct Names {
    /// The room of attacker and good client; nothing hostile may reach it.
    pub room: i64,
    /// Another room of both, for what is odd but allowed.
    pub second: i64,
    /// A room without the attacker.
    pub foreign: i64,
    /// The attacker's session.
    pub token: String,
    /// The good client's session.
    pub other_token: String,
}

impl Names {
    /// Empty names, for a caller that only counts the cases.
    pub fn of_nothing() -> Self {
        Self {
            room: 11,
            second: 12,
            foreign: 13,
            token: "header.claims.signature".to_owned(),
            other_token: "header.claims.other".to_owned(),
        }
    }
}

/// A system with rooms for one group of cases.
pub struct Ground {
    pub url: String,
    pub names: Names,
    attacker: Client,
    good: Client,
}

impl Ground {
    pub async fn of(system: &System) -> Result<Self> {
        let attacker = system.client(USER1).await?;
        let good = system.client(USER2).await?;
        let names = Names {
            room: attacker.create_room("Common", &[USER2.id]).await?,
            second: attacker.create_room("Second", &[USER2.id]).await?,
            foreign: good
                .create_room("Without the attacker", &[USER3.id])
                .await?,
            token: attacker.token().context("a session")?.to_owned(),
            other_token: good.token().context("a session")?.to_owned(),
        };
        Ok(Self {
            url: system.url().to_owned(),
            names,
            attacker,
            good,
        })
    }
}

/// Another customer, on one connection from the first case to the last.
pub struct Witness {
    socket: Socket,
    room: i64,
    messages: String,
    typing: String,
    turn: bool,
}

impl Witness {
    pub async fn of(ground: &Ground) -> Result<Self> {
        let room = ground.names.room;
        let mut socket = Socket::connect(&ground.url, &ground.names.other_token).await?;
        Ok(Self {
            messages: socket.subscribe_room(room).await?,
            typing: socket
                .subscribe(&format!("/topic/typing/roomId/{room}"))
                .await?,
            socket,
            room,
            turn: false,
        })
    }

    /// The good client still works. One frame a time, because there are more cases than a client may send at once.
    pub async fn is_served(&mut self) -> Result<()> {
        self.turn = !self.turn;
        let frame = if self.turn {
            let room = format!("/topic/message/roomId/{}", self.room);
            Frame::new("SUBSCRIBE", &[("id", "turn"), ("destination", &room)])
        } else {
            Frame::new("UNSUBSCRIBE", &[("id", "turn")])
        };
        self.socket.send_for_receipt(frame).await
    }

    /// What is sent properly is the first thing that came, so nothing hostile did.
    pub async fn saw_nothing(mut self, ground: &Ground) -> Result<()> {
        let sent = ground.attacker.send(self.room, "proper", None).await?;
        let message: Value = self.socket.next_message(&self.messages).await?.json()?;
        ensure!(message["messageId"] == sent.message_id, "{message}");

        let mut typist = Socket::connect(&ground.url, ground.good.token().unwrap_or("")).await?;
        let body = json!({"roomId": self.room, "isTyping": 1}).to_string();
        let frame = Frame::new("SEND", &[("destination", "/app/typing")]);
        typist.send_for_receipt(frame.with_body(&body)).await?;
        let typing: Value = self.socket.next_message(&self.typing).await?.json()?;
        let expected = json!({"roomId": self.room, "customerId": USER2.id, "typing": true});
        ensure!(typing == expected, "{typing}");
        let unread = (
            self.socket.unread(&self.messages),
            self.socket.unread(&self.typing),
        );
        ensure!(unread == (0, 0), "more came: {unread:?}");
        Ok(())
    }
}
