//! Why the server closes a socket: the code and the reason of its Close frame.

use std::time::Duration;

use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

/// A reason to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The client said DISCONNECT.
    Normal,
    /// The process stops.
    GoingAway,
    /// An ERROR frame says what was wrong, or it was wrong beneath STOMP (RFC 6455 §7.4.1).
    Protocol,
    /// The session was logged out, or its token has expired: it ends at once, and an ERROR frame says why.
    SessionEnded,
    /// The client has sent nothing for too long.
    Silent,
    /// A text message is not UTF-8.
    NotUtf8,
    /// What came is no SockJS frame.
    BrokenFraming,
    /// The client broke off a SockJS answer.
    Interrupted,
    /// A WebSocket message is over the limit.
    TooBig,
    /// This node has missed events: a client that reconnects catches up from history.
    Missed,
    /// A dependency is down.
    Unavailable,
    /// The client reads slower than its rooms write.
    TooSlow,
}

impl CloseReason {
    /// The code and the reason of the Close frame.
    #[must_use]
    pub fn code_and_reason(self) -> (u16, &'static str) {
        match self {
            Self::Normal => (1000, ""),
            Self::GoingAway => (1001, "server is stopping, reconnect"),
            Self::Protocol | Self::SessionEnded => (1002, ""),
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

    /// Whether frames that wait to be written are dropped.
    #[must_use]
    pub fn is_at_once(self) -> bool {
        self == Self::SessionEnded
    }

    /// How long the Close frame may take to leave: a slow reader has to read first what was written before. A client
    /// whose session has ended has not long (stomp.md N10).
    #[must_use]
    pub fn close_timeout(self) -> Duration {
        Duration::from_secs(if self.is_at_once() { 1 } else { 5 })
    }

    /// The Close frame.
    #[must_use]
    pub fn frame(self) -> CloseFrame {
        let (code, reason) = self.code_and_reason();
        CloseFrame {
            code: CloseCode::from(code),
            reason: reason.into(),
        }
    }
}
