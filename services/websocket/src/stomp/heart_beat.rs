//! Heart-beats: what each side offers, and what follows from both.

use std::time::Duration;

use super::Version;

/// What one side offers in its `heart-beat` header, in milliseconds; 0 is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeartBeat {
    /// How often it can send something.
    pub outgoing: u32,
    /// How often it would like to get something.
    pub incoming: u32,
}

/// The `heart-beat` header is not two non-negative numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid heart-beat")]
pub struct HeartBeatError;

/// How often each side must send something, if at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intervals {
    /// How often the client sends something.
    pub from_client: Option<Duration>,
    /// How often the server sends something.
    pub from_server: Option<Duration>,
}

impl HeartBeat {
    /// The shortest interval that this server takes part in: a client that asks for less gets this.
    pub const FLOOR_MS: u32 = 1000;

    /// Reads a CONNECT frame's header; without it the client neither sends nor wants any.
    ///
    /// # Errors
    /// Anything but two numbers of at most 32 bits with one comma between and nothing else.
    pub fn parse(header: Option<&str>) -> Result<Self, HeartBeatError> {
        let Some(header) = header else {
            return Ok(Self::default());
        };
        let (outgoing, incoming) = header.split_once(',').ok_or(HeartBeatError)?;
        Ok(Self {
            outgoing: milliseconds(outgoing)?,
            incoming: milliseconds(incoming)?,
        })
    }

    /// The offer of a server, raised to the floor where it is below but not 0.
    #[must_use]
    pub const fn raised_to_floor(self) -> Self {
        Self {
            outgoing: raise(self.outgoing),
            incoming: raise(self.incoming),
        }
    }

    /// What follows from the server's offer (`self`) and the client's (STOMP 1.2, "Heart-beating"). 1.0 has none.
    #[must_use]
    pub fn negotiate(self, version: Version, client: Self) -> Intervals {
        if version == Version::V10 {
            return Intervals::default();
        }
        let server = self.raised_to_floor();
        Intervals {
            from_client: interval(client.outgoing, server.incoming),
            from_server: interval(server.outgoing, client.incoming),
        }
    }
}

fn milliseconds(text: &str) -> Result<u32, HeartBeatError> {
    // `parse` alone would take a leading plus.
    if text.bytes().all(|octet| octet.is_ascii_digit()) {
        text.parse().map_err(|_| HeartBeatError)
    } else {
        Err(HeartBeatError)
    }
}

const fn raise(ms: u32) -> u32 {
    if ms != 0 && ms < HeartBeat::FLOOR_MS {
        HeartBeat::FLOOR_MS
    } else {
        ms
    }
}

fn interval(sender_ms: u32, receiver_ms: u32) -> Option<Duration> {
    (sender_ms != 0 && receiver_ms != 0)
        .then(|| Duration::from_millis(sender_ms.max(receiver_ms).into()))
}
