//! The octets of a connection, which tell its queue when the client takes some.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use crate::send_queue::SendQueue;

/// Octets in and out of a client. A large frame leaves in many writes: each of them is progress.
pub(super) struct Progress<S> {
    io: S,
    queue: Arc<SendQueue>,
}

impl<S> Progress<S> {
    pub fn new(io: S, queue: Arc<SendQueue>) -> Self {
        Self { io, queue }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Progress<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Progress<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, octets);
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.queue.progressed(Instant::now());
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, time::Duration};

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
        time::{advance, timeout},
    };

    use super::*;
    use crate::send_queue::{NO_PROGRESS_TIMEOUT, Standing};

    #[tokio::test(start_paused = true)]
    async fn b18_a_client_that_reads_a_large_frame_bit_by_bit_is_not_slow() {
        const BIT: usize = 1024;
        let queue = Arc::new(SendQueue::new(BIT));
        assert!(queue.push("x".repeat(BIT).into()), "it is beyond");
        let (ours, mut theirs) = duplex(BIT);
        let mut io = Progress::new(ours, Arc::clone(&queue));
        let mut writing = pin!(io.write_all(&[7; 16 * BIT]));
        for _ in 0..8 {
            assert!(timeout(Duration::ZERO, &mut writing).await.is_err());
            queue.blocked(Instant::now());
            assert_eq!(queue.standing(Instant::now()), Standing::Blocked);
            advance(NO_PROGRESS_TIMEOUT * 3 / 4).await;
            theirs.read_exact(&mut [0; BIT]).await.unwrap();
        }

        advance(NO_PROGRESS_TIMEOUT).await;
        assert!(!queue.has_ended());
        assert_eq!(queue.standing(Instant::now()), Standing::Fine);
        assert!(queue.has_ended(), "it has taken nothing for too long");
    }
}
