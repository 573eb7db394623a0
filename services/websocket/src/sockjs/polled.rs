//! A session over plain HTTP as a transport: what requests bring comes in, what the current receiver takes goes out.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use colloquy_chassis::Tasks;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::{
    frame::{self, Messages},
    http_sessions::Requests,
    receiver::Receiver,
};
use crate::{
    close_reason::CloseReason,
    connection::transport::{Gone, Lost, Outgoing, Transport},
    send_queue::SendQueue,
};

/// A session without a receiver ends after this time; one that has ended answers so for as long.
const UNATTENDED_TIMEOUT: Duration = Duration::from_secs(5);
/// Messages are gathered in one frame up to this size.
const FRAME: usize = 16 * 1024;

/// The session's end of its requests.
pub(super) struct Polled {
    requests: Requests,
    queue: Arc<SendQueue>,
    tasks: Tasks,
    receiver: Option<Receiver>,
    /// Fed and not yet written: nothing between two writes, unless the session has ended without a receiver.
    messages: Messages,
    opened: bool,
    /// When the receiver came, or went.
    since: Instant,
    /// How long an answer goes on.
    answer_within: Duration,
}

impl Polled {
    /// An answer ends after `answer_within`, so that its client's next request shows that it is there.
    pub fn new(
        requests: Requests,
        queue: Arc<SendQueue>,
        tasks: Tasks,
        answer_within: Duration,
    ) -> Self {
        Self {
            requests,
            queue,
            tasks,
            receiver: None,
            messages: Messages::default(),
            opened: false,
            since: Instant::now(),
            answer_within,
        }
    }

    /// Takes a receiver, unless there is one. The first of a session gets the frame that opens it.
    fn attach(&mut self, mut receiver: Receiver) {
        if self.receiver.is_some() {
            receiver.begin(&frame::another_connection());
            return;
        }
        let stays = self.opened || receiver.begin(frame::OPEN);
        self.opened = true;
        self.since = Instant::now();
        self.receiver = stays.then_some(receiver);
    }

    /// Ends the answer that is under way: its client asks for the next one, if it is there.
    fn end_answer(&mut self) {
        self.receiver = None;
        self.since = Instant::now();
    }

    fn gather(&mut self, message: Message) {
        let text = message.into_data();
        self.messages.push(&String::from_utf8_lossy(&text));
    }

    async fn write(&mut self, frame: &str) -> Result<(), Gone> {
        let Some(receiver) = &mut self.receiver else {
            return Ok(());
        };
        if !receiver.write(frame, &self.queue).await? {
            self.end_answer();
        }
        Ok(())
    }

    /// Writes what is left, and the end, to a receiver. Messages are only for the session's owner.
    async fn write_end(&mut self, mut receiver: Receiver, end: &str) -> Result<(), Gone> {
        if receiver.is_owner
            && let Some(frame) = self.messages.take()
            && !receiver.write(&frame, &self.queue).await?
        {
            return Ok(());
        }
        receiver.write(end, &self.queue).await.map(|_| ())
    }
}

impl Transport for Polled {
    const KEEPS_ALIVE: bool = true;
    const ENDS_UNATTENDED: bool = true;

    fn is_writable(&self) -> bool {
        self.receiver.is_some()
    }

    fn owes_answer(&self) -> bool {
        false
    }

    async fn next(&mut self, wanted: bool) -> Result<Option<Bytes>, Lost> {
        loop {
            let receiver = self.receiver.as_ref();
            let lasts = receiver.map_or(UNATTENDED_TIMEOUT, |_| self.answer_within);
            tokio::select! {
                // That the client has gone away is noticed before its next request is refused because of it.
                biased;
                () = async { receiver.expect("asked only if there is one").gone().await }, if receiver.is_some() => {
                    return Err(Lost::Gone);
                }
                Some(receiver) = self.requests.receivers.recv() => {
                    self.attach(receiver);
                    return Ok(None);
                }
                Some(octets) = self.requests.octets.recv(), if wanted => return Ok(Some(octets)),
                () = sleep_until(self.since + lasts) => match receiver {
                    Some(_) => self.end_answer(),
                    None => return Err(Lost::Gone),
                },
            }
        }
    }

    async fn feed(&mut self, outgoing: Outgoing) -> Result<(), Gone> {
        match outgoing {
            Outgoing::Frame(message) => {
                self.gather(message);
                if self.messages.len() >= FRAME {
                    self.flush().await?;
                }
                Ok(())
            }
            Outgoing::KeepAlive => self.write(frame::HEART_BEAT).await,
            Outgoing::Ping => {
                self.write(frame::HEART_BEAT).await?;
                if self.receiver.is_some() {
                    self.end_answer();
                }
                Ok(())
            }
        }
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        if self.receiver.is_none() {
            return Ok(());
        }
        match self.messages.take() {
            Some(frame) => self.write(&frame).await,
            None => Ok(()),
        }
    }

    /// Writes the end to the receiver, and to those that come within the time that a client has to come back.
    async fn close(mut self, last: Option<Message>, reason: CloseReason) {
        self.requests.octets.close();
        if let Some(message) = last {
            self.messages = Messages::default();
            self.gather(message);
        }
        let end = frame::close(reason);
        let mut receiver = self.receiver.take();
        let mut until = None;
        loop {
            if let Some(receiver) = receiver.take() {
                let _ = timeout(reason.close_timeout(), self.write_end(receiver, &end)).await;
            }
            // From when the first receiver has the end, which takes a while if it does not read.
            let until = *until.get_or_insert_with(|| Instant::now() + UNATTENDED_TIMEOUT);
            receiver = tokio::select! {
                receiver = self.requests.receivers.recv() => receiver,
                () = sleep_until(until) => return,
                () = self.tasks.stopping() => return,
            };
        }
    }

    /// A client that broke off an answer may have missed what was in it: such a session does not go on.
    async fn farewell(mut self) {
        if self.receiver.take().is_some() {
            self.messages = Messages::default();
            self.close(None, CloseReason::Interrupted).await;
        }
    }
}
