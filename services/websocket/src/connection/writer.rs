//! Writing to a client: each write ends in time, and the queue knows while its client takes nothing.

use std::{future::poll_fn, pin::Pin, task::Poll, time::Duration};

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep_until, timeout};

use super::transport::{Gone, Lost, Outgoing, Transport};
use crate::{
    close_reason::CloseReason,
    send_queue::{Next, SendQueue},
};

/// Frames that go into one write.
const FRAMES_A_WRITE: usize = 128;

/// What a write has written.
pub(super) enum Written {
    Everything,
    /// Frames are left.
    More,
    /// The queue has ended, and everything is written.
    End(CloseReason),
}

/// Writes the frames that wait, in one go, for as long as each write leaves in time. Returns how many they were. The frames
/// of a queue that has ended are handed over even if they cannot leave now.
pub(super) async fn write_queue<T: Transport>(
    transport: &mut T,
    queue: &SendQueue,
    within: Duration,
) -> Result<(usize, Written), Lost> {
    let mut frames = 0;
    let written = loop {
        if frames == FRAMES_A_WRITE {
            break Written::More;
        }
        if !transport.is_writable() && !queue.has_ended() {
            break Written::Everything;
        }
        match queue.next() {
            Next::Frame(frame) => {
                in_time(within, transport.feed(Outgoing::Frame(frame))).await?;
            }
            Next::End(reason) => break Written::End(reason),
            Next::Nothing => break Written::Everything,
        }
        frames += 1;
    };
    if frames > 0 || transport.owes_answer() {
        in_time(within, transport.flush()).await?;
    }
    Ok((frames, written))
}

/// Writes one thing that is no frame of the queue. A client that does not take it in time is gone.
pub(super) async fn write_one<T: Transport>(
    transport: &mut T,
    outgoing: Outgoing,
    within: Duration,
) -> Result<(), Gone> {
    let written = timeout(within, async {
        transport.feed(outgoing).await?;
        transport.flush().await
    });
    written.await.unwrap_or(Err(Gone))
}

/// Runs a write until it ends, or until the session does: then there is no answer, and the write is broken off. The queue
/// is blocked while the client does not take what is written.
///
/// The write stays where its caller has pinned it: a future that is handed over takes its room in the task of every connection
/// once more at each hand.
pub(super) async fn unless_session_ends<W: Future>(
    queue: &SendQueue,
    expires_at: Option<Instant>,
    writing: Pin<&mut W>,
) -> Option<W::Output> {
    tokio::select! {
        biased;
        written = noting_blocks(queue, writing) => Some(written),
        () = session_ended(queue, expires_at) => None,
    }
}

/// Resolves when a session ends, whatever its connection is doing: it was revoked, or its token has expired.
pub(super) async fn session_ended(queue: &SendQueue, expires_at: Option<Instant>) {
    tokio::select! {
        () = queue.cut() => {}
        () = sleep_until(expires_at.unwrap_or_else(Instant::now)), if expires_at.is_some() => {}
    }
}

async fn noting_blocks<W: Future>(queue: &SendQueue, mut writing: Pin<&mut W>) -> W::Output {
    let mut was_blocked = false;
    poll_fn(|context| {
        let polled = writing.as_mut().poll(context);
        match polled {
            Poll::Pending => queue.blocked(Instant::now()),
            Poll::Ready(_) if was_blocked => queue.ready(),
            Poll::Ready(_) => {}
        }
        was_blocked = polled.is_pending();
        polled
    })
    .await
}

/// One write, of a frame or of what is buffered: a client for which it takes longer than this is too slow.
fn in_time(
    within: Duration,
    writing: impl Future<Output = Result<(), Gone>>,
) -> impl Future<Output = Result<(), Lost>> {
    timeout(within, writing).map(|written| match written {
        Ok(written) => Ok(written?),
        Err(_) => Err(Lost::Wrong(CloseReason::TooSlow)),
    })
}
