//! Why the server closes a socket: the code and the reason of its Close frame.

use std::time::Duration;

use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

/// A reason to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The client said DISCONNECT.
    Normal,
    /// The process stops.
    GoingAway,
    /// An ERROR frame says what was wrong, or it was wrong beneath STOMP (RFC 6455 §7.4.1).
    Protocol,
    /// The session was logged out, or its token has ended: it ends at once, and an ERROR frame says why.
    Over,
    /// No sign of life from the client.
    Silent,
    /// A text message that is not UTF-8.
    NotUtf8,
    /// A SockJS frame that is none.
    BrokenFraming,
    /// A SockJS answer that its client broke off.
    Interrupted,
    /// A WebSocket message over the limit.
    TooBig,
    /// This node has missed events: whoever reconnects catches up from history.
    Missed,
    /// Something that is needed is down.
    Unavailable,
    /// The client reads slower than its rooms write.
    TooSlow,
}

impl Closing {
    /// The code and the reason that tell the client.
    #[must_use]
    pub fn told(self) -> (u16, &'static str) {
        match self {
            Self::Normal => (1000, ""),
            Self::GoingAway => (1001, "server is stopping, reconnect"),
            Self::Protocol | Self::Over => (1002, ""),
            Self::Silent => (1002, "no sign of life"),
            Self::BrokenFraming => (1002, "broken framing"),
            Self::Interrupted => (1002, "Connection interrupted!"),
            Self::NotUtf8 => (1007, "not utf-8"),
            Self::TooBig => (1009, "message too big"),
            Self::Missed => (1012, "events were missed, reconnect and fetch history"),
            Self::Unavailable => (1013, "temporarily unavailable"),
            Self::TooSlow => (4500, "client is too slow, reconnect and fetch history"),
        }
    }

    /// Whether nothing of what waits to be written is written any more.
    #[must_use]
    pub fn is_at_once(self) -> bool {
        self == Self::Over
    }

    /// How long the reason may take to leave: a slow reader has to read what was written before. Whoever is not to be
    /// here any more has not long (stomp.md N10).
    #[must_use]
    pub fn told_within(self) -> Duration {
        Duration::from_secs(if self.is_at_once() { 1 } else { 5 })
    }

    /// The frame that tells the client.
    #[must_use]
    pub fn frame(self) -> CloseFrame {
        let (code, reason) = self.told();
        CloseFrame {
            code: CloseCode::from(code),
            reason: reason.into(),
        }
    }
}
