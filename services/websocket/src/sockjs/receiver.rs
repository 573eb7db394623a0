//! A request whose answer carries frames to the client.

use std::convert::Infallible;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use tokio::{sync::mpsc, time::Instant};

use super::NOT_CACHED;
use crate::{connection::transport::Gone, send_queue::SendQueue};

/// A browser keeps all of an answer in memory: after so many octets it ends, and the client asks again.
const STREAM_LIMIT: usize = 128 * 1024;
/// The prelude, and a part of a frame; all else waits in the session's queue, which is bounded.
const CHUNKS: usize = 2;
/// A frame is handed over in parts of this size: each that leaves shows that the client reads.
const PART: usize = 2048;
/// Some browsers show a page nothing of an answer before they have this much of it.
const PRELUDE: usize = 2048;

/// How frames are written in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerFormat {
    /// One frame in each answer.
    Polling,
    /// Each frame is a line.
    Streaming,
    /// Each frame is a server-sent event.
    EventSource,
}

/// The session's end of such an answer. Dropping it ends the answer.
pub(super) struct Receiver {
    format: AnswerFormat,
    /// Whether the request's cookie is one of the session's owner.
    pub is_owner: bool,
    chunks: mpsc::Sender<Bytes>,
    /// The rest of a frame whose write was broken off.
    unsent: Bytes,
    left: usize,
}

impl AnswerFormat {
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
    pub fn new(format: AnswerFormat, is_owner: bool) -> (Self, Response) {
        let (chunks, mut written) = mpsc::channel(CHUNKS);
        if let Some(prelude) = format.prelude() {
            let _ = chunks.try_send(prelude);
        }
        let body = stream::poll_fn(move |context| {
            let chunk = written.poll_recv(context);
            chunk.map(|chunk| chunk.map(Ok::<_, Infallible>))
        });
        let headers = [
            (header::CONTENT_TYPE, format.content_type()),
            (header::CACHE_CONTROL, NOT_CACHED),
        ];
        let receiver = Self {
            format,
            is_owner,
            chunks,
            unsent: Bytes::new(),
            left: match format {
                AnswerFormat::Polling => 1,
                AnswerFormat::Streaming | AnswerFormat::EventSource => STREAM_LIMIT,
            },
        };
        (receiver, (headers, Body::from_stream(body)).into_response())
    }

    /// Writes a frame as soon as the client has taken the one before, and returns whether another may follow. Each part
    /// that leaves is progress. A frame whose write is broken off is finished by the next write.
    pub async fn write(&mut self, frame: &str, queue: &SendQueue) -> Result<bool, Gone> {
        self.send_rest(queue).await?;
        self.unsent = self.format.wrap(frame);
        self.left = self.left.saturating_sub(self.unsent.len());
        self.send_rest(queue).await?;
        Ok(self.left > 0)
    }

    async fn send_rest(&mut self, queue: &SendQueue) -> Result<(), Gone> {
        while !self.unsent.is_empty() {
            let free = self.chunks.reserve().await.map_err(|_| Gone)?;
            free.send(self.unsent.split_to(PART.min(self.unsent.len())));
            queue.progressed(Instant::now());
        }
        Ok(())
    }

    /// Writes the first frame, for which there is always room, and returns whether another may follow.
    pub fn begin(&mut self, frame: &str) -> bool {
        let chunk = self.format.wrap(frame);
        self.left = self.left.saturating_sub(chunk.len());
        let _ = self.chunks.try_send(chunk);
        self.left > 0
    }

    /// Resolves when the client has gone away before the answer ended. Cancel-safe.
    pub async fn gone(&self) {
        self.chunks.closed().await;
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, time::Duration};

    use futures_util::StreamExt as _;
    use tokio::time::{advance, timeout};

    use super::*;
    use crate::send_queue::{NO_PROGRESS_TIMEOUT, Standing};

    #[tokio::test(start_paused = true)]
    async fn b18_a_client_that_takes_a_frame_part_by_part_is_not_slow_and_gets_it_whole() {
        let queue = SendQueue::new(1_000);
        assert!(queue.push("x".repeat(1_000).into()), "it is beyond");
        let (mut receiver, response) = Receiver::new(AnswerFormat::Polling, true);
        let mut body = response.into_body().into_data_stream();
        let frame = "x".repeat(8 * PART);
        let mut taken = Vec::new();
        {
            let mut writing = pin!(receiver.write(&frame, &queue));
            for _ in 0..4 {
                assert!(timeout(Duration::ZERO, &mut writing).await.is_err());
                queue.blocked(Instant::now());
                assert_eq!(queue.standing(Instant::now()), Standing::Blocked);
                advance(NO_PROGRESS_TIMEOUT * 3 / 4).await;
                taken.extend(body.next().await.unwrap().unwrap());
            }
            // Here the session ends, and the write is broken off.
        }
        assert!(!queue.has_ended());

        let end = async {
            receiver.write("end", &queue).await.ok().unwrap();
            drop(receiver);
        };
        let rest = async {
            while let Some(part) = body.next().await {
                taken.extend(part.unwrap());
            }
        };
        tokio::join!(end, rest);
        assert_eq!(taken, format!("{frame}\nend\n").into_bytes());
    }
}
