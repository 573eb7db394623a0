//! One connection, one task: it reads when the client writes, writes when something waits, and looks at the clock.
//!
//! What an idle connection holds decides how many users a machine carries (performance.md G7): one small read buffer,
//! no write buffer, and futures that are boxed where they are large and rare.

pub(crate) mod channel;
pub mod closing;
pub(crate) mod socket;
pub mod timers;

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use colloquy_credentials::session_verifier::Session as Token;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

pub use self::closing::Closing;
pub(crate) use self::socket::Socket;
use self::{
    channel::{Channel, Gone, Lost, Outgoing},
    timers::{Due, Timers},
};
use crate::{
    Websocket,
    addresses::AddressPlace,
    fanout::outbound::{Next, Outbound},
    frame_budget::FrameBudget,
    session::{Refusal, Refused, Session, Step},
    stomp::{Decoder, Event, Frame},
};

/// Frames that go into one write.
const FRAMES_A_WRITE: usize = 128;

/// A connection while it is open.
struct Connection<C> {
    websocket: Arc<Websocket>,
    channel: C,
    outbound: Arc<Outbound>,
    session: Session,
    decoder: Decoder,
    /// Whether frames that have come may be left to be handled.
    unhandled: bool,
    /// Whether what came last has brought no frame so far.
    fruitless: bool,
    timers: Timers,
    budget: FrameBudget,
}

/// What is left to write after a write.
enum Written {
    Everything,
    More,
    End(Closing),
    /// It was broken off: the session is over.
    Over,
}

/// How a connection ends: the last thing to tell that was not handed over yet, and why.
type End = (Option<Message>, Closing);

/// Serves one client until it is gone or closed. Only then its address has the place again.
pub(crate) async fn serve<C: Channel>(
    websocket: Arc<Websocket>,
    channel: C,
    cookie: Option<Box<Token>>,
    _at_address: AddressPlace,
) {
    let outbound = Arc::new(Outbound::new(websocket.settings.queue_bytes));
    let place = websocket.connections.enter(Arc::clone(&outbound));
    if !websocket.is_following() {
        outbound.end(None, Closing::Missed);
    }
    let (channel, outcome) = {
        let mut connection = Connection::new(websocket, channel, outbound, cookie);
        let outcome = connection.run().await;
        // Nothing more is written of it, whatever the end was.
        connection.outbound.end(None, Closing::Normal);
        (connection.channel, outcome)
    };
    drop(place);
    match outcome {
        Ok((last, closing)) => Box::pin(channel.close(last, closing)).await,
        Err(Gone) => Box::pin(channel.farewell()).await,
    }
}

impl<C: Channel> Connection<C> {
    fn new(
        websocket: Arc<Websocket>,
        channel: C,
        outbound: Arc<Outbound>,
        cookie: Option<Box<Token>>,
    ) -> Self {
        let now = Instant::now();
        Self {
            session: Session::new(Arc::clone(&websocket), Arc::clone(&outbound), cookie),
            decoder: Decoder::new(websocket.settings.frame),
            unhandled: false,
            fruitless: false,
            timers: Timers::new(&websocket.settings, C::KEEPS_ALIVE, C::ENDS_UNATTENDED, now),
            budget: FrameBudget::full(&websocket.settings, now),
            websocket,
            channel,
            outbound,
        }
    }

    /// Turn by turn: write, wait until there is something to do, handle one frame. So nobody waits long for what can be
    /// written, however many frames have come together.
    async fn run(&mut self) -> Result<End, Gone> {
        let timer = sleep_until(self.timers.next());
        tokio::pin!(timer);
        loop {
            let ended = self.outbound.ended();
            if ended.is_some() {
                // Whoever waits long for what is still written says nothing more meanwhile, and is not here.
                self.session.leave();
            }
            if let Some(closing) = ended.filter(|closing| closing.is_at_once()) {
                return Ok((self.last_word(), closing));
            }
            let more = match self.write().await? {
                Written::End(closing) => return Ok((None, closing)),
                Written::Over => {
                    self.over();
                    continue;
                }
                Written::More | Written::Everything if ended.is_some() => continue,
                Written::More => true,
                Written::Everything => false,
            };
            self.wind(timer.as_mut());
            let busy = more || self.unhandled;
            tokio::select! {
                octets = self.channel.next(!self.unhandled) => match octets {
                    Ok(said) => self.received(said),
                    Err(Lost::Wrong(closing)) => self.outbound.end(None, closing),
                    Err(Lost::Gone) => return Err(Gone),
                },
                () = self.outbound.changed(), if !busy => {}
                () = std::future::ready(()), if busy => {}
                () = timer.as_mut() => self.time_passed().await?,
            }
            if self.unhandled {
                self.handle_next().await;
            }
        }
    }

    /// Writes what waits, in one go, for as long as each write leaves in time. What has ended is handed over even if it cannot
    /// leave now.
    async fn write(&mut self) -> Result<Written, Gone> {
        let Self {
            channel, outbound, ..
        } = self;
        let within = self.websocket.settings.write_within;
        let writing = async {
            let mut written = 0;
            let rest = loop {
                if written == FRAMES_A_WRITE {
                    break Written::More;
                }
                if !channel.is_writable() && !outbound.has_ended() {
                    break Written::Everything;
                }
                match outbound.next() {
                    Next::Frame(frame) => {
                        in_time(within, channel.feed(Outgoing::Frame(frame))).await?;
                    }
                    Next::End(closing) => break Written::End(closing),
                    Next::Nothing => break Written::Everything,
                }
                written += 1;
            };
            if written > 0 || channel.owes_answer() {
                in_time(within, channel.flush()).await?;
            }
            Ok((written, rest))
        };
        let expires_at = self.timers.expires_at();
        let written = tokio::select! {
            biased;
            written = noted(outbound, writing) => written,
            () = over(outbound, expires_at) => return Ok(Written::Over),
        };
        if !channel.is_writable() {
            // The client takes nothing because its next request is on its way: that is no slowness.
            outbound.busy();
        }
        match written {
            Ok((written, rest)) => {
                if written > 0 {
                    self.timers.sent(Instant::now());
                }
                Ok(rest)
            }
            Err(Lost::Gone) => Err(Gone),
            Err(Lost::Wrong(closing)) => {
                self.outbound.give_up();
                Ok(Written::End(closing))
            }
        }
    }

    /// The session has ended at once: it was revoked, which has ended its queue, or else its token has expired.
    fn over(&mut self) {
        if !self.outbound.ended().is_some_and(Closing::is_at_once) {
            self.session.refuse(&Refusal::Expired, Refused::default());
        }
    }

    fn last_word(&self) -> Option<Message> {
        match self.outbound.next() {
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

    fn received(&mut self, said: Option<Bytes>) {
        self.timers.received(Instant::now());
        let Some(octets) = said else { return };
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
        if fruitless && !self.outbound.has_ended() && !self.within_budget() {
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
        self.outbound.busy();
        let step = tokio::select! {
            biased;
            // Boxed: handling a frame takes a large future, and few clients say something at any moment.
            step = Box::pin(self.session.receive(frame)) => step,
            () = over(&self.outbound, expires_at) => return self.over(),
        };
        self.outbound.ready();
        // Nothing was read meanwhile: that the client seems silent is our doing.
        self.timers.received(Instant::now());
        if let Step::Opened(opened) = step {
            self.decoder.set_version(opened.version);
            self.timers.opened(&opened, Instant::now());
        }
    }

    /// The next thing the client has said. What is no frame, or one too many, ends the session.
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

    /// Counts one frame, or something without any: nothing that a client says is free.
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
                    self.outbound.end(None, Closing::Silent);
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

    /// Only called while nothing waits to be written, so a sign of life never stands behind a blocked write.
    async fn send(&mut self, outgoing: Outgoing) -> Result<(), Gone> {
        if !self.channel.is_writable() {
            return Ok(());
        }
        let is_sign_of_life = !matches!(outgoing, Outgoing::Ping);
        let sending = async {
            self.channel.feed(outgoing).await?;
            self.channel.flush().await
        };
        let expires_at = self.timers.expires_at();
        let sending = timeout(self.websocket.settings.write_within, sending);
        tokio::select! {
            biased;
            sent = noted(&self.outbound, sending) => sent.unwrap_or(Err(Gone))?,
            () = over(&self.outbound, expires_at) => {
                self.over();
                return Ok(());
            }
        }
        if is_sign_of_life {
            self.timers.sent(Instant::now());
        }
        Ok(())
    }
}

/// Carries out a write, and lets the queue know while its client does not take what is written.
async fn noted<W: Future>(outbound: &Outbound, writing: W) -> W::Output {
    let mut writing = pin!(writing);
    let mut was_blocked = false;
    poll_fn(|context| {
        let polled = writing.as_mut().poll(context);
        match polled {
            Poll::Pending => outbound.blocked(Instant::now()),
            Poll::Ready(_) if was_blocked => outbound.ready(),
            Poll::Ready(_) => {}
        }
        was_blocked = polled.is_pending();
        polled
    })
    .await
}

/// One write, of a frame or of what is buffered, unless it takes longer than this: the client is too slow.
async fn in_time(
    within: Duration,
    writing: impl Future<Output = Result<(), Gone>>,
) -> Result<(), Lost> {
    match timeout(within, writing).await {
        Ok(written) => Ok(written?),
        Err(_) => Err(Lost::Wrong(Closing::TooSlow)),
    }
}

/// Resolves when a session is over, whatever its connection is doing: it was revoked, or its token has ended.
async fn over(outbound: &Outbound, expires_at: Option<Instant>) {
    tokio::select! {
        () = outbound.cut() => {}
        () = sleep_until(expires_at.unwrap_or_else(Instant::now)), if expires_at.is_some() => {}
    }
}
