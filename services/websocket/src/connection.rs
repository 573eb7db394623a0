//! One connection, one task: it reads when the client writes, writes when something waits, and looks at the clock.
//!
//! What an idle connection holds decides how many users a machine carries (performance.md G7): one small read buffer,
//! no write buffer, and futures that are boxed where they are large and rare.

pub(crate) mod channel;
pub mod closing;
pub(crate) mod socket;
pub mod timers;

use std::sync::Arc;

use bytes::Bytes;
use colloquy_chassis::session_token::Session as Token;
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
    fanout::outbound::{Next, Outbound},
    limits::FrameBudget,
    session::{Refusal, Session, Step},
    stomp::{Decoder, Event},
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
    timers: Timers,
    budget: FrameBudget,
}

/// What is left to write after a write.
enum Written {
    Everything,
    More,
    End(Closing),
}

/// Serves one client until it is gone or closed.
pub(crate) async fn serve<C: Channel>(
    websocket: Arc<Websocket>,
    channel: C,
    cookie: Option<Box<Token>>,
) {
    let outbound = Arc::new(Outbound::new(websocket.settings.queue_bytes));
    let place = websocket.connections.enter(Arc::clone(&outbound));
    if !websocket.is_following() {
        outbound.end(None, Closing::Missed);
    }
    let (channel, outcome) = {
        let mut connection = Connection::new(websocket, channel, outbound, cookie);
        let outcome = connection.run().await;
        (connection.channel, outcome)
    };
    drop(place);
    match outcome {
        Ok(closing) => Box::pin(channel.close(closing)).await,
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
            timers: Timers::new(&websocket.settings, C::KEEPS_ALIVE, now),
            budget: FrameBudget::full(&websocket.settings, now),
            websocket,
            channel,
            outbound,
        }
    }

    async fn run(&mut self) -> Result<Closing, Gone> {
        let timer = sleep_until(self.timers.next());
        tokio::pin!(timer);
        loop {
            let more = match self.write().await? {
                Written::End(closing) => return Ok(closing),
                Written::More => true,
                Written::Everything => false,
            };
            self.wind(timer.as_mut());
            tokio::select! {
                octets = self.channel.next() => match octets {
                    Ok(octets) => self.received(octets).await,
                    Err(Lost::Wrong(closing)) => self.outbound.end(None, closing),
                    Err(Lost::Gone) => return Err(Gone),
                },
                () = self.outbound.changed(), if !more => {}
                () = std::future::ready(()), if more => {}
                () = timer.as_mut() => self.time_passed().await?,
            }
        }
    }

    /// Writes what waits, in one go. What has ended is handed over even if it cannot leave now.
    async fn write(&mut self) -> Result<Written, Gone> {
        let Self {
            channel, outbound, ..
        } = self;
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
                    Next::Frame(frame) => channel.feed(Outgoing::Frame(frame)).await?,
                    Next::End(closing) => break Written::End(closing),
                    Next::Nothing => break Written::Everything,
                }
                written += 1;
            };
            if written > 0 {
                channel.flush().await?;
            }
            Ok((written, rest))
        };
        match timeout(self.websocket.settings.write_within, writing).await {
            Ok(Ok((written, rest))) => {
                if written > 0 {
                    self.timers.sent(C::WRITES_SHOW_LIFE, Instant::now());
                }
                Ok(rest)
            }
            Ok(Err(Gone)) => Err(Gone),
            Err(_) => {
                self.outbound.give_up();
                Ok(Written::End(Closing::TooSlow))
            }
        }
    }

    /// Later deadlines are noticed when the timer goes off, so that traffic does not wind it anew each time.
    fn wind(&self, mut timer: std::pin::Pin<&mut Sleep>) {
        let next = self.timers.next();
        if timer.is_elapsed() || next < timer.deadline() {
            timer.as_mut().reset(next);
        }
    }

    async fn received(&mut self, octets: Bytes) {
        let now = Instant::now();
        self.timers.received(now);
        self.decoder.feed(&octets);
        drop(octets);
        let mut anew = false;
        while let Some(event) = self.next_event() {
            anew = true;
            if let Event::Frame(frame) = event {
                // Boxed: handling a frame takes a large future, and few clients say something at any moment.
                match Box::pin(self.session.receive(frame)).await {
                    Step::Continue => {}
                    Step::Opened(opened) => {
                        self.decoder.set_version(opened.version);
                        self.timers.opened(&opened, now);
                    }
                    Step::Ended => return,
                }
            }
        }
        let by = now + self.websocket.settings.frame_within;
        self.timers
            .partial_frame(self.decoder.is_partial(), anew, by);
    }

    /// The next thing the client has said. What is no frame, or one too many, ends the session.
    fn next_event(&mut self) -> Option<Event> {
        match self.decoder.next_event() {
            Ok(Some(Event::Frame(frame))) => {
                if self.budget.take(&self.websocket.settings, Instant::now()) {
                    return Some(Event::Frame(frame));
                }
                let receipt = frame.header("receipt");
                self.session.refuse(&Refusal::TooManyFrames, receipt);
                None
            }
            Ok(event) => event,
            Err(error) => {
                let receipt = self.decoder.failed_receipt();
                self.session.refuse(&Refusal::Malformed(error), receipt);
                None
            }
        }
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
            self.session.refuse(&refusal, None);
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
        timeout(self.websocket.settings.write_within, sending)
            .await
            .unwrap_or(Err(Gone))?;
        if is_sign_of_life {
            self.timers.sent(C::WRITES_SHOW_LIFE, Instant::now());
        }
        Ok(())
    }
}
