//! What carries a session's octets: a WebSocket, or a transport of SockJS. The session above knows no difference.

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Message;

use crate::close_reason::CloseReason;

/// The client is gone, or cannot be written to.
pub(crate) struct Gone;

/// Why nothing more comes from a client.
pub(crate) enum Lost {
    /// The client is gone.
    Gone,
    /// What came is wrong beneath STOMP: the Close frame says so.
    Wrong(CloseReason),
}

impl From<Gone> for Lost {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

/// What goes to a client.
pub(crate) enum Outgoing {
    /// A STOMP frame, or the line end that is a heart-beat.
    Frame(Message),
    /// A question whether the client is there.
    Ping,
    /// The transport's own keep-alive, if it has one.
    KeepAlive,
}

/// One client's way in and out.
pub(crate) trait Transport {
    /// Whether the transport sends a keep-alive of its own when nothing is written for long.
    const KEEPS_ALIVE: bool;
    /// Whether the transport ends by itself when its client is gone: the client has to ask for each of its answers.
    const ENDS_UNATTENDED: bool;

    /// Whether what is fed can leave now.
    fn is_writable(&self) -> bool;

    /// Whether there is something to flush that was not fed: the transport's own answer to what it has read.
    fn owes_answer(&self) -> bool;

    /// The client's next octets, if they are wanted now: none if it only shows that it is there. `None` if it has sent
    /// nothing, but can be written to again. Cancel-safe.
    async fn next(&mut self, wanted: bool) -> Result<Option<Bytes>, Lost>;

    /// Takes what is to be written.
    async fn feed(&mut self, outgoing: Outgoing) -> Result<(), Gone>;

    /// Writes what was fed, and what is owed.
    async fn flush(&mut self) -> Result<(), Gone>;

    /// Writes the last frame, if there is one, and the reason; and ends the connection.
    async fn close(self, last: Option<Message>, reason: CloseReason);

    /// Ends a connection whose client is gone.
    async fn farewell(self);
}
