//! The five topics (contract §6), who writes each, and how they are named.

use std::{fmt, str::FromStr};

/// A topic of the event log. The key of every record is the room id as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Rooms that began.
    ChatRoomCreated,
    /// Messages that were recorded.
    ChatMessageSent,
    /// Read markers that moved.
    ReadMarkerUpdated,
    /// Room views that changed.
    RoomUpdated,
    /// Unread flags that changed because a marker moved.
    ReadStatusUpdated,
}

/// The one service that may write a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// The write side.
    ChatCommand,
    /// The read side.
    ChatQuery,
}

impl Topic {
    /// All five topics.
    pub const ALL: [Self; 5] = [
        Self::ChatRoomCreated,
        Self::ChatMessageSent,
        Self::ReadMarkerUpdated,
        Self::RoomUpdated,
        Self::ReadStatusUpdated,
    ];
    /// The three of the write side: the audit trail, kept for ever by default.
    pub const WRITE: [Self; 3] = [
        Self::ChatRoomCreated,
        Self::ChatMessageSent,
        Self::ReadMarkerUpdated,
    ];
    /// The two that the read side announces, kept for a day.
    pub const ANNOUNCED: [Self; 2] = [Self::RoomUpdated, Self::ReadStatusUpdated];

    /// The topic's name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChatRoomCreated => "chat-room-created",
            Self::ChatMessageSent => "chat-message-sent",
            Self::ReadMarkerUpdated => "read-marker-updated",
            Self::RoomUpdated => "room-updated",
            Self::ReadStatusUpdated => "read-status-updated",
        }
    }

    /// Who writes it.
    #[must_use]
    pub const fn writer(self) -> Writer {
        match self {
            Self::ChatRoomCreated | Self::ChatMessageSent | Self::ReadMarkerUpdated => {
                Writer::ChatCommand
            }
            Self::RoomUpdated | Self::ReadStatusUpdated => Writer::ChatQuery,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no topic's.
#[derive(Debug, thiserror::Error)]
#[error("no topic is named {0}")]
pub struct UnknownTopic(String);

impl FromStr for Topic {
    type Err = UnknownTopic;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|topic| topic.name() == name)
            .ok_or_else(|| UnknownTopic(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invariant_2_each_topic_has_one_writer() {
        for topic in Topic::WRITE {
            assert_eq!(topic.writer(), Writer::ChatCommand, "{topic}");
        }
        for topic in Topic::ANNOUNCED {
            assert_eq!(topic.writer(), Writer::ChatQuery, "{topic}");
        }
        assert_eq!(
            Topic::WRITE.len() + Topic::ANNOUNCED.len(),
            Topic::ALL.len()
        );
    }

    #[test]
    fn a_topic_is_found_by_its_name() {
        for topic in Topic::ALL {
            assert_eq!(topic.name().parse::<Topic>().unwrap(), topic);
        }
        assert!("chat-room".parse::<Topic>().is_err());
    }
}
