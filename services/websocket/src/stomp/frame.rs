//! A frame as a client sent it.

use std::fmt;

use bytes::Bytes;

use super::Version;

/// What a client may send. A server's commands are none of a client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientCommand {
    /// `CONNECT`
    Connect,
    /// `STOMP`, which means the same as `CONNECT`.
    Stomp,
    /// `SEND`
    Send,
    /// `SUBSCRIBE`
    Subscribe,
    /// `UNSUBSCRIBE`
    Unsubscribe,
    /// `ACK`
    Ack,
    /// `NACK`
    Nack,
    /// `BEGIN`
    Begin,
    /// `COMMIT`
    Commit,
    /// `ABORT`
    Abort,
    /// `DISCONNECT`
    Disconnect,
}

impl ClientCommand {
    /// All commands of clients.
    pub const ALL: [Self; 11] = [
        Self::Connect,
        Self::Stomp,
        Self::Send,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Ack,
        Self::Nack,
        Self::Begin,
        Self::Commit,
        Self::Abort,
        Self::Disconnect,
    ];

    /// As it is on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Stomp => "STOMP",
            Self::Send => "SEND",
            Self::Subscribe => "SUBSCRIBE",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Ack => "ACK",
            Self::Nack => "NACK",
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Abort => "ABORT",
            Self::Disconnect => "DISCONNECT",
        }
    }

    /// Whether it opens a session.
    #[must_use]
    pub const fn opens_session(self) -> bool {
        matches!(self, Self::Connect | Self::Stomp)
    }

    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let mut commands = Self::ALL.into_iter();
        commands.find(|command| command.as_str().as_bytes() == line)
    }
}

/// The headers of a frame, in the order in which they came, unescaped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The value of a header. Of a repeated one the first counts (STOMP 1.2, "Repeated Header Entries").
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// How many there are, repeated ones included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn push(&mut self, name: String, value: String) {
        self.0.push((name, value));
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        let owned = |(name, value): (N, V)| (name.into(), value.into());
        Self(headers.into_iter().map(owned).collect())
    }
}

/// A frame from a client. It owns what it holds: nothing of it keeps a read buffer alive.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it asks for.
    pub command: ClientCommand,
    /// The headers, unescaped.
    pub headers: Headers,
    /// The octets between the blank line and the NUL.
    pub body: Bytes,
}

impl Frame {
    /// The value of a header; see [`Headers::get`].
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// What names a subscription: the `id`, or in 1.0 the destination of a frame without one.
    #[must_use]
    pub fn subscription_id(&self, version: Version) -> Option<&str> {
        let id = self.header("id");
        match version {
            Version::V10 => id.or(self.header("destination")),
            Version::V11 | Version::V12 => id,
        }
    }
}

// Headers hold tokens and bodies what people write; neither belongs into a log.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("command", &self.command)
            .field("headers", &self.headers)
            .field("body_octets", &self.body.len())
            .finish()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}
