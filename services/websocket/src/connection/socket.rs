//! A WebSocket as a transport: each frame is one message, as it is.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt as _, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as SocketError, Message,
        error::ProtocolError::ResetWithoutClosingHandshake,
        protocol::{Role, WebSocketConfig},
    },
};

use super::{
    progress::Progress,
    transport::{Gone, Lost, Outgoing, Transport},
};
use crate::{Settings, close_reason::CloseReason, send_queue::SendQueue};

/// Allocated for each connection at once and kept, so it is small; a larger message gets a buffer of its own.
const READ_BUFFER: usize = 512;
/// Frames are gathered up to this size before they are handed to the kernel; while it takes nothing none is added, so at
/// most one frame waits beyond it, however large that is.
const WRITE_BUFFER: usize = 16 * 1024;
/// Room in a WebSocket message beyond the largest frame, so that STOMP refuses a frame that is a little too large.
const MESSAGE_SLACK: usize = 1024;
/// How long what the client still sends is drained, so that a reset cannot eat the reason.
const LINGER: Duration = Duration::from_secs(1);

/// A WebSocket behind its handshake.
pub(crate) struct Socket {
    stream: WebSocketStream<Progress<TokioIo<Upgraded>>>,
    /// A PING was read, and its PONG may not have left. Nothing more is read until it has: a client that does not take its
    /// PONG has stalled, and holds one in memory, not one for each PING.
    owes_pong: bool,
}

impl Socket {
    /// The server's end of an upgraded connection.
    pub async fn new(upgraded: Upgraded, settings: &Settings, queue: &Arc<SendQueue>) -> Self {
        let message_limit = settings.frame.frame + MESSAGE_SLACK;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            // Room for any frame that the queue lets through, which SockJS may escape to twice its size.
            .max_write_buffer_size(
                settings
                    .queue_bytes
                    .saturating_mul(2)
                    .saturating_add(WRITE_BUFFER + MESSAGE_SLACK),
            )
            .max_message_size(Some(message_limit))
            .max_frame_size(Some(message_limit));
        let io = Progress::new(TokioIo::new(upgraded), Arc::clone(queue));
        Self {
            stream: WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await,
            owes_pong: false,
        }
    }

    /// Hands over one message.
    pub async fn put(&mut self, message: Message) -> Result<(), Gone> {
        self.stream.feed(message).await.map_err(|_| Gone)
    }

    /// Writes the last messages and the Close frame, then drains what the client still sends.
    pub async fn end(mut self, last: impl IntoIterator<Item = Message>, reason: CloseReason) {
        let ending = async {
            for message in last {
                self.stream.feed(message).await?;
            }
            self.stream.close(Some(reason.frame())).await
        };
        let ended = timeout(reason.close_timeout(), ending).await;
        if !matches!(ended, Ok(Ok(()))) {
            return;
        }
        let mut io = self.stream.into_inner();
        let _ = timeout(LINGER, async {
            io.shutdown().await?;
            tokio::io::copy(&mut io, &mut tokio::io::sink()).await
        })
        .await;
    }
}

impl Transport for Socket {
    const KEEPS_ALIVE: bool = false;
    const ENDS_UNATTENDED: bool = false;

    fn is_writable(&self) -> bool {
        true
    }

    fn owes_answer(&self) -> bool {
        self.owes_pong
    }

    async fn next(&mut self, wanted: bool) -> Result<Option<Bytes>, Lost> {
        if !wanted {
            return std::future::pending().await;
        }
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => Ok(Some(text.into())),
            Some(Ok(Message::Binary(octets))) => Ok(Some(octets)),
            Some(Ok(Message::Ping(_))) => {
                self.owes_pong = true;
                Ok(Some(Bytes::new()))
            }
            Some(Ok(Message::Pong(_) | Message::Frame(_))) => Ok(Some(Bytes::new())),
            Some(Ok(Message::Close(_))) | None => Err(Lost::Gone),
            Some(Err(error)) => Err(reason_for(&error).map_or(Lost::Gone, Lost::Wrong)),
        }
    }

    async fn feed(&mut self, outgoing: Outgoing) -> Result<(), Gone> {
        match outgoing {
            Outgoing::Frame(frame) => self.put(frame).await,
            Outgoing::Ping => self.put(Message::Ping(Bytes::new())).await,
            Outgoing::KeepAlive => Ok(()),
        }
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        self.stream.flush().await.map_err(|_| Gone)?;
        self.owes_pong = false;
        Ok(())
    }

    async fn close(self, last: Option<Message>, reason: CloseReason) {
        self.end(last, reason).await;
    }

    /// Answers a Close frame of the client, if that is why it is gone.
    async fn farewell(mut self) {
        let _ = timeout(LINGER, self.stream.flush()).await;
    }
}

/// How to close after an error beneath STOMP (stomp.md W7); not at all if the client is gone.
fn reason_for(error: &SocketError) -> Option<CloseReason> {
    match error {
        SocketError::Capacity(_) => Some(CloseReason::TooBig),
        SocketError::Utf8(_) => Some(CloseReason::NotUtf8),
        SocketError::Protocol(ResetWithoutClosingHandshake) => None,
        SocketError::Protocol(_) => Some(CloseReason::Protocol),
        _ => None,
    }
}
