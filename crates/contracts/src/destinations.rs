//! STOMP destinations (contract §5). A destination that is not listed here does not exist: its use is refused (stomp.md S7).

use std::{fmt, str::FromStr};

use crate::RoomId;

/// Where a client may SUBSCRIBE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// `/user/topic/rooms`: the caller's rooms as they change.
    Rooms,
    /// `/user/topic/readStatus`: the caller's unread flags as they change.
    ReadStatus,
    /// `/topic/message/roomId/{roomId}`: messages, in seq order.
    Message(RoomId),
    /// `/topic/onlineStatus/roomId/{roomId}`: who came and went.
    OnlineStatus(RoomId),
    /// `/topic/readMarkers/roomId/{roomId}`: how far members have read.
    ReadMarkers(RoomId),
    /// `/topic/typing/roomId/{roomId}`: who is typing.
    Typing(RoomId),
}

impl Destination {
    /// The room whose members may subscribe; `None` for the caller's own destinations.
    #[must_use]
    pub const fn room(self) -> Option<RoomId> {
        match self {
            Self::Rooms | Self::ReadStatus => None,
            Self::Message(room)
            | Self::OnlineStatus(room)
            | Self::ReadMarkers(room)
            | Self::Typing(room) => Some(room),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rooms => f.write_str("/user/topic/rooms"),
            Self::ReadStatus => f.write_str("/user/topic/readStatus"),
            Self::Message(room) => write!(f, "/topic/message/roomId/{room}"),
            Self::OnlineStatus(room) => write!(f, "/topic/onlineStatus/roomId/{room}"),
            Self::ReadMarkers(room) => write!(f, "/topic/readMarkers/roomId/{room}"),
            Self::Typing(room) => write!(f, "/topic/typing/roomId/{room}"),
        }
    }
}

/// A text that is no destination of this contract.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such destination")]
pub struct DestinationError;

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "/user/topic/rooms" => return Ok(Self::Rooms),
            "/user/topic/readStatus" => return Ok(Self::ReadStatus),
            _ => {}
        }
        let (kind, room) = text
            .strip_prefix("/topic/")
            .and_then(|rest| rest.split_once("/roomId/"))
            .ok_or(DestinationError)?;
        let room = room_id(room).ok_or(DestinationError)?;
        match kind {
            "message" => Ok(Self::Message(room)),
            "onlineStatus" => Ok(Self::OnlineStatus(room)),
            "readMarkers" => Ok(Self::ReadMarkers(room)),
            "typing" => Ok(Self::Typing(room)),
            _ => Err(DestinationError),
        }
    }
}

/// Plain digits only: a sign or a leading zero would give one room several names.
fn room_id(text: &str) -> Option<RoomId> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit())
        && !(text.len() > 1 && text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stomp_s7_the_six_destinations_read_as_they_are_written() {
        let room = RoomId(42);
        for destination in [
            Destination::Rooms,
            Destination::ReadStatus,
            Destination::Message(room),
            Destination::OnlineStatus(room),
            Destination::ReadMarkers(room),
            Destination::Typing(room),
        ] {
            assert_eq!(destination.to_string().parse(), Ok(destination));
        }
    }

    #[test]
    fn stomp_s7_everything_else_does_not_exist() {
        for text in [
            "",
            "/",
            "/topic/**",
            "/topic/message/roomId/*",
            "/topic/message/roomId/",
            "/topic/message/roomId/1/2",
            "/topic/message/roomId/-1",
            "/topic/message/roomId/+1",
            "/topic/message/roomId/01",
            "/topic/message/roomId/9223372036854775808",
            "/topic/message/roomId/1 ",
            "/topic/message/roomid/1",
            "/topic/other/roomId/1",
            "/topic//roomId/1",
            "/user/7/topic/rooms",
            "/user/topic/rooms/",
            "/queue/rooms",
            "/app/typing",
        ] {
            assert_eq!(text.parse::<Destination>(), Err(DestinationError), "{text}");
        }
    }
}
