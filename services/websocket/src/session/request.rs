//! What a frame of an open session asks for (stomp.md §5). Decided here, without a question to another
//! service, is what exists and is well-formed; the session decides who may use it.

use colloquy_contracts::{Destination, RoomId};
use serde::{Deserialize, Deserializer, de};

use super::refusal::Refusal;
use crate::stomp::{ClientCommand, Frame, Version};

const EXTEND_ONLINE: &str = "/app/extendOnline";
const TYPING: &str = "/app/typing";

/// A frame that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The client wants the messages of a destination.
    Subscribe {
        /// What the client calls this subscription.
        id: Box<str>,
        /// The destination, which exists.
        destination: Destination,
        /// Whether the client will acknowledge; its MESSAGE frames then carry `ack`.
        acknowledged: bool,
    },
    /// The client wants no more of them.
    Unsubscribe {
        /// What the client called the subscription.
        id: Box<str>,
    },
    /// The client says that its customer is online.
    ExtendOnline,
    /// The client says that its customer types, or no longer does.
    Typing(Typing),
    /// A body that says nothing: dropped and counted (stomp.md S8).
    Unreadable,
    /// ACK or NACK: without effect, because nothing is sent twice.
    Acknowledge,
    /// The client ends the session.
    Disconnect,
}

/// Body of `/app/typing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    /// The room in which the customer types.
    pub room_id: RoomId,
    /// Whether it begins or ends: 1 or 0, true or false.
    #[serde(deserialize_with = "flag")]
    pub is_typing: bool,
}

impl Request {
    /// Reads a frame.
    ///
    /// # Errors
    /// The frame makes no sense in an open session.
    pub fn read(frame: &Frame, version: Version) -> Result<Self, Refusal> {
        if frame.header("transaction").is_some() {
            return Err(Refusal::Transaction);
        }
        match frame.command {
            ClientCommand::Connect | ClientCommand::Stomp => Err(Refusal::AlreadyConnected),
            ClientCommand::Begin | ClientCommand::Commit | ClientCommand::Abort => {
                Err(Refusal::Transaction)
            }
            ClientCommand::Subscribe => Ok(Self::Subscribe {
                destination: required(frame, "destination")?
                    .parse()
                    .map_err(|_| Refusal::NoSuchDestination)?,
                id: subscription_id(frame, version)?,
                acknowledged: acknowledged(frame)?,
            }),
            ClientCommand::Unsubscribe => Ok(Self::Unsubscribe {
                id: subscription_id(frame, version)?,
            }),
            ClientCommand::Send => match required(frame, "destination")? {
                EXTEND_ONLINE => Ok(Self::ExtendOnline),
                TYPING => Ok(typing(&frame.body).map_or(Self::Unreadable, Self::Typing)),
                _ => Err(Refusal::NoSuchDestination),
            },
            ClientCommand::Ack | ClientCommand::Nack => Ok(Self::Acknowledge),
            ClientCommand::Disconnect => Ok(Self::Disconnect),
        }
    }
}

fn required<'a>(frame: &'a Frame, name: &'static str) -> Result<&'a str, Refusal> {
    frame.header(name).ok_or(Refusal::MissingHeader(name))
}

fn subscription_id(frame: &Frame, version: Version) -> Result<Box<str>, Refusal> {
    let id = frame.subscription_id(version);
    id.map(Box::from).ok_or(Refusal::MissingHeader("id"))
}

/// serde would take a list for an object whose fields are in that order.
fn typing(body: &[u8]) -> Option<Typing> {
    let is_object = body.trim_ascii_start().starts_with(b"{");
    is_object
        .then(|| serde_json::from_slice(body).ok())
        .flatten()
}

fn acknowledged(frame: &Frame) -> Result<bool, Refusal> {
    match frame.header("ack") {
        None | Some("auto") => Ok(false),
        Some("client" | "client-individual") => Ok(true),
        Some(_) => Err(Refusal::UnknownAckMode),
    }
}

fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Flag {
        Boolean(bool),
        Number(u8),
    }
    match Flag::deserialize(deserializer)? {
        Flag::Boolean(flag) => Ok(flag),
        Flag::Number(0) => Ok(false),
        Flag::Number(1) => Ok(true),
        Flag::Number(_) => Err(de::Error::custom("neither 0 nor 1")),
    }
}
