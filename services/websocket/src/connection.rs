//! One connection, one task: it reads when the client writes, writes when frames wait, and looks at the clock.
//!
//! | state | reads | writes | left by |
//! |---|---|---|---|
//! | waiting | the client's next octets | nothing | octets, a first frame in the queue, a timer |
//! | handling: a frame has come | nothing | nothing; its queue may grow | the frame took effect, the session ended |
//! | writing: frames wait | nothing | up to 128 frames, each in time | all written, the client too slow, the session ended |
//! | without a receiver (SockJS over HTTP) | as waiting | nothing; its queue may grow | the client's next request |
//! | ending: the queue has ended | nothing | what waits, then the last frame | all written, the client too slow or gone |
//! | ended at once: logged out, or expired | nothing | only the last frame | at once |
//! | closed | octets, for a second, unread | the Close frame, in time | |
//!
//! Every state goes to *closed* when the client is gone; then nothing is written but the answer to its Close frame.
//!
//! What an idle connection holds decides how many users a machine carries (performance.md G7): one small read buffer,
//! no write buffer, and futures that are boxed where they are large and rare.

mod client;
mod progress;
pub(crate) mod socket;
pub mod timers;
pub(crate) mod transport;
mod writer;

use std::{
    pin::{Pin, pin},
    sync::Arc,
};

use bytes::Bytes;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

pub(crate) use self::{
    client::{Client, not_ready},
    socket::Socket,
};
use self::{
    timers::{Due, Timers},
    transport::{Gone, Lost, Outgoing, Transport},
    writer::{Written, session_ended, unless_session_ends, write_one, write_queue},
};
use crate::{
    Websocket,
    close_reason::CloseReason,
    frame_budget::FrameBudget,
    send_queue::{Next, SendQueue},
    session::{Refusal, Refused, Session, Step},
    stomp::{Decoder, Event, Frame},
};

/// A connection while it is open.
struct Connection<T> {
    websocket: Arc<Websocket>,
    transport: T,
    queue: Arc<SendQueue>,
    session: Session,
    decoder: Decoder,
    /// Whether frames that have come may be left to be handled.
    unhandled: bool,
    /// Whether what came last has brought no frame so far.
    fruitless: bool,
    timers: Timers,
    budget: FrameBudget,
}

/// How a connection ends: the last frame, if it is not written yet, and the reason.
type End = (Option<Message>, CloseReason);

/// Serves one client until it is gone or closed. Only then its address may have another connection instead.
pub(crate) async fn serve<T: Transport>(websocket: Arc<Websocket>, transport: T, client: Client) {
    let Client {
        queue,
        cookie,
        permit: _permit,
    } = client;
    let guard = websocket.connections.enter(Arc::clone(&queue));
    if !websocket.is_following() {
        queue.end(None, CloseReason::Missed);
    }
    let (transport, outcome) = {
        let now = Instant::now();
        let mut connection = Connection {
            session: Session::new(Arc::clone(&websocket), Arc::clone(&queue), cookie),
            decoder: Decoder::new(websocket.settings.frame),
            unhandled: false,
            fruitless: false,
            timers: Timers::new(&websocket.settings, T::KEEPS_ALIVE, T::ENDS_UNATTENDED, now),
            budget: FrameBudget::full(&websocket.settings, now),
            websocket,
            transport,
            queue,
        };
        let outcome = connection.run().await;
        // Nothing more is written of it, whatever the end was.
        connection.queue.end(None, CloseReason::Normal);
        (connection.transport, outcome)
    };
    drop(guard);
    match outcome {
        Ok((last, reason)) => Box::pin(transport.close(last, reason)).await,
        Err(Gone) => Box::pin(transport.farewell()).await,
    }
}

impl<T: Transport> Connection<T> {
    /// Again and again: write, wait until there is something to do, handle one frame. So frames that can be written do not
    /// wait long, however many the client has sent at once.
    async fn run(&mut self) -> Result<End, Gone> {
        let timer = sleep_until(self.timers.next());
        tokio::pin!(timer);
        loop {
            let ended = self.queue.ended();
            if ended.is_some() {
                // The client may take long to read what is still written: meanwhile its customer is not online.
                self.session.leave();
            }
            if let Some(reason) = ended.filter(|reason| reason.is_at_once()) {
                return Ok((self.last_frame(), reason));
            }
            let more = match self.write().await? {
                Some(Written::End(reason)) => return Ok((None, reason)),
                None => {
                    self.session_ended();
                    continue;
                }
                Some(_) if ended.is_some() => continue,
                Some(written) => matches!(written, Written::More),
            };
            self.wind(timer.as_mut());
            let busy = more || self.unhandled;
            tokio::select! {
                octets = self.transport.next(!self.unhandled) => match octets {
                    Ok(octets) => self.received(octets),
                    Err(Lost::Wrong(reason)) => self.queue.end(None, reason),
                    Err(Lost::Gone) => return Err(Gone),
                },
                () = self.queue.changed(), if !busy => {}
                () = std::future::ready(()), if busy => {}
                () = timer.as_mut() => self.time_passed().await?,
            }
            if self.unhandled {
                self.handle_next().await;
            }
        }
    }

    /// Writes the frames that wait, unless the session ends meanwhile.
    async fn write(&mut self) -> Result<Option<Written>, Gone> {
        let expires_at = self.timers.expires_at();
        let within = self.websocket.settings.write_within;
        let written = {
            let writing = pin!(write_queue(&mut self.transport, &self.queue, within));
            unless_session_ends(&self.queue, expires_at, writing).await
        };
        let Some(written) = written else {
            return Ok(None);
        };
        if !self.transport.is_writable() {
            // The client takes nothing because its next request is on its way: that is no slowness.
            self.queue.busy();
        }
        match written {
            Ok((frames, written)) => {
                if frames > 0 {
                    self.timers.sent(Instant::now());
                }
                Ok(Some(written))
            }
            Err(Lost::Gone) => Err(Gone),
            Err(Lost::Wrong(reason)) => {
                self.queue.give_up();
                Ok(Some(Written::End(reason)))
            }
        }
    }

    /// The session has ended at once: it was revoked, which has ended its queue, or else its token has expired.
    fn session_ended(&mut self) {
        if !self.queue.ended().is_some_and(CloseReason::is_at_once) {
            self.session.refuse(&Refusal::Expired, Refused::default());
        }
    }

    /// The frame that ended the session.
    fn last_frame(&self) -> Option<Message> {
        match self.queue.next() {
            Next::Frame(frame) => Some(frame),
            Next::End(_) | Next::Nothing => None,
        }
    }

    /// Later deadlines are noticed when the timer goes off, so that traffic does not wind it anew each time.
    fn wind(&self, mut timer: Pin<&mut Sleep>) {
        let next = self.timers.next();
        if timer.is_elapsed() || next < timer.deadline() {
            timer.as_mut().reset(next);
        }
    }

    fn received(&mut self, octets: Option<Bytes>) {
        self.timers.received(Instant::now());
        let Some(octets) = octets else { return };
        self.decoder.feed(&octets);
        // Without octets there is nothing to handle but that it came.
        self.unhandled = true;
        self.fruitless = true;
    }

    /// Handles the next frame that has come, if there is one.
    async fn handle_next(&mut self) {
        let mut anew = false;
        let frame = loop {
            match self.next_event() {
                Some(Event::Frame(frame)) => break Some(frame),
                Some(Event::HeartBeat) => anew = true,
                None => break None,
            }
        };
        self.unhandled = frame.is_some();
        let fruitless = std::mem::take(&mut self.fruitless) && frame.is_none();
        if fruitless && !self.queue.has_ended() && !self.within_budget() {
            self.session
                .refuse(&Refusal::TooManyFrames, Refused::default());
        }
        let partial = frame.is_none() && self.decoder.is_partial();
        let by = Instant::now() + self.websocket.settings.frame_within;
        self.timers
            .partial_frame(partial, anew || frame.is_some(), by);
        if let Some(frame) = frame {
            self.handle(frame).await;
        }
    }

    async fn handle(&mut self, frame: Frame) {
        let expires_at = self.timers.expires_at();
        self.queue.busy();
        let step = tokio::select! {
            biased;
            // Boxed: handling a frame takes a large future, and few clients send one at any moment.
            step = Box::pin(self.session.receive(frame)) => step,
            () = session_ended(&self.queue, expires_at) => return self.session_ended(),
        };
        self.queue.ready();
        // Nothing was read meanwhile: that the client seems silent is our doing.
        self.timers.received(Instant::now());
        if let Step::Opened(opened) = step {
            self.decoder.set_version(opened.version);
            self.timers.opened(&opened, Instant::now());
        }
    }

    /// The next event of the client. What is no frame, or one too many, ends the session.
    fn next_event(&mut self) -> Option<Event> {
        match self.decoder.next_event() {
            Ok(Some(Event::Frame(frame))) => {
                if self.within_budget() {
                    return Some(Event::Frame(frame));
                }
                self.session.refuse_frame(&Refusal::TooManyFrames, &frame);
                None
            }
            Ok(event) => event,
            Err(error) => {
                let refused = Refused::unread(self.decoder.failed_receipt());
                self.session.refuse(&Refusal::Malformed(error), refused);
                None
            }
        }
    }

    /// Counts one frame, or a message without any: nothing that a client sends is free.
    fn within_budget(&mut self) -> bool {
        self.budget.take(&self.websocket.settings, Instant::now())
    }

    async fn time_passed(&mut self) -> Result<(), Gone> {
        while let Some(due) = self.timers.due(Instant::now()) {
            let refusal = match due {
                Due::Ping => {
                    self.send(Outgoing::Ping).await?;
                    continue;
                }
                Due::HeartBeat => {
                    let line_end = Message::Text(Utf8Bytes::from_static("\n"));
                    self.send(Outgoing::Frame(line_end)).await?;
                    continue;
                }
                Due::KeepAlive => {
                    self.send(Outgoing::KeepAlive).await?;
                    continue;
                }
                Due::Silent => {
                    self.queue.end(None, CloseReason::Silent);
                    break;
                }
                Due::ConnectTooLate => Refusal::ConnectTooLate,
                Due::FrameTooLate => Refusal::FrameTooLate,
                Due::TokenExpired => Refusal::Expired,
            };
            self.session.refuse(&refusal, Refused::default());
            break;
        }
        Ok(())
    }

    /// Only called while nothing waits to be written, so a heart-beat never stands behind a blocked write.
    async fn send(&mut self, outgoing: Outgoing) -> Result<(), Gone> {
        if !self.transport.is_writable() {
            return Ok(());
        }
        let is_sign_of_life = !matches!(outgoing, Outgoing::Ping);
        let expires_at = self.timers.expires_at();
        let within = self.websocket.settings.write_within;
        let sent = {
            let sending = pin!(write_one(&mut self.transport, outgoing, within));
            unless_session_ends(&self.queue, expires_at, sending).await
        };
        match sent {
            Some(sent) => sent?,
            None => {
                self.session_ended();
                return Ok(());
            }
        }
        if is_sign_of_life {
            self.timers.sent(Instant::now());
        }
        Ok(())
    }
}
