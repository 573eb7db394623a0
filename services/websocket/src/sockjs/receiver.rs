//! A request whose answer carries frames to the client.

use std::convert::Infallible;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use tokio::sync::mpsc;

use super::NOT_CACHED;
use crate::connection::channel::Gone;

/// A browser keeps all of an answer in memory: after so many octets it ends, and the client asks again.
const STREAM_LIMIT: usize = 128 * 1024;
/// The prelude, and one frame; all else waits in the session's queue, which is bounded.
const CHUNKS: usize = 2;
/// Some browsers tell a page nothing of an answer before they have this much of it.
const PRELUDE: usize = 2048;

/// How frames travel in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// One frame an answer.
    Polling,
    /// One line a frame.
    Streaming,
    /// One server-sent event a frame.
    EventSource,
}

/// The session's end of such an answer. Dropping it ends the answer.
pub(super) struct Receiver {
    transport: Transport,
    /// Whether the request has shown that the session is its own.
    pub is_owner: bool,
    chunks: mpsc::Sender<Bytes>,
    left: usize,
}

impl Transport {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Polling | Self::Streaming => "application/javascript; charset=UTF-8",
            Self::EventSource => "text/event-stream; charset=UTF-8",
        })
    }

    fn prelude(self) -> Option<Bytes> {
        match self {
            Self::Polling => None,
            Self::Streaming => Some(format!("{}\n", "h".repeat(PRELUDE)).into()),
            Self::EventSource => Some(Bytes::from_static(b"\r\n")),
        }
    }

    fn wrap(self, frame: &str) -> Bytes {
        match self {
            Self::Polling | Self::Streaming => format!("{frame}\n"),
            Self::EventSource => format!("data: {frame}\r\n\r\n"),
        }
        .into()
    }
}

impl Receiver {
    /// A receiver, and the answer that it fills.
    pub fn new(transport: Transport, is_owner: bool) -> (Self, Response) {
        let (chunks, mut written) = mpsc::channel(CHUNKS);
        if let Some(prelude) = transport.prelude() {
            let _ = chunks.try_send(prelude);
        }
        let body = stream::poll_fn(move |context| {
            let chunk = written.poll_recv(context);
            chunk.map(|chunk| chunk.map(Ok::<_, Infallible>))
        });
        let headers = [
            (header::CONTENT_TYPE, transport.content_type()),
            (header::CACHE_CONTROL, NOT_CACHED),
        ];
        let receiver = Self {
            transport,
            is_owner,
            chunks,
            left: match transport {
                Transport::Polling => 1,
                Transport::Streaming | Transport::EventSource => STREAM_LIMIT,
            },
        };
        (receiver, (headers, Body::from_stream(body)).into_response())
    }

    /// Writes a frame as soon as the client has taken the one before, and tells whether another may follow.
    pub async fn write(&mut self, frame: &str) -> Result<bool, Gone> {
        let chunk = self.transport.wrap(frame);
        self.left = self.left.saturating_sub(chunk.len());
        self.chunks.send(chunk).await.map_err(|_| Gone)?;
        Ok(self.left > 0)
    }

    /// Writes the first frame, for which there is always room, and tells whether another may follow.
    pub fn begin(&mut self, frame: &str) -> bool {
        let chunk = self.transport.wrap(frame);
        self.left = self.left.saturating_sub(chunk.len());
        let _ = self.chunks.try_send(chunk);
        self.left > 0
    }

    /// Resolves when the client has gone away before the answer ended. Cancel-safe.
    pub async fn gone(&self) {
        self.chunks.closed().await;
    }
}
