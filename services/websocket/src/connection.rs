//! One connection, one task: it reads when the client writes, writes when something waits, and looks at the clock.
//!
//! What an idle connection holds decides how many users a machine carries (performance.md G7): one small read buffer,
//! no write buffer, and futures that are boxed where they are large and rare.

pub mod closing;
pub mod timers;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use colloquy_chassis::session_token::Session as Token;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::AsyncWriteExt as _,
    time::{Instant, Sleep, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as SocketError, Message, Utf8Bytes,
        protocol::{Role, WebSocketConfig},
    },
};

pub use self::closing::Closing;
use self::timers::{Due, Timers};
use crate::{
    Websocket,
    fanout::outbound::{Next, Outbound},
    limits::FrameBudget,
    session::{Refusal, Session, Step},
    stomp::{Decoder, Event},
};

/// Allocated for each connection at once and kept, so it is small; a larger message gets a buffer of its own.
const READ_BUFFER: usize = 512;
/// Frames are gathered up to this size before they are handed to the kernel.
const WRITE_BUFFER: usize = 16 * 1024;
/// Room in a WebSocket message for line ends around a frame of the largest size.
const MESSAGE_SLACK: usize = 1024;
/// Frames that go into one write.
const FRAMES_A_WRITE: usize = 128;
/// How long the reason of a close may take to leave: a slow reader has to read what was written before.
const TELL: Duration = Duration::from_secs(5);
/// How long what the client still sends is drained, so that a reset cannot eat the reason.
const LINGER: Duration = Duration::from_secs(1);

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A connection while it is open.
struct Connection {
    websocket: Arc<Websocket>,
    socket: Socket,
    outbound: Arc<Outbound>,
    session: Session,
    decoder: Decoder,
    timers: Timers,
    budget: FrameBudget,
}

/// The client is gone, or cannot be written to.
struct Gone;

/// What is left to write after a write.
enum Written {
    Everything,
    More,
    End(Closing),
}

/// Serves one client until it is gone or closed.
pub async fn serve(websocket: Arc<Websocket>, upgraded: Upgraded, cookie: Option<Box<Token>>) {
    let outbound = Arc::new(Outbound::new(websocket.settings.queue_bytes));
    let place = websocket.connections.enter(Arc::clone(&outbound));
    if !websocket.is_following() {
        outbound.end(None, Closing::Missed);
    }
    let config = socket_config(websocket.settings.frame.frame + MESSAGE_SLACK);
    let io = TokioIo::new(upgraded);
    let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
    let (socket, outcome) = {
        let mut connection = Connection::new(websocket, socket, outbound, cookie);
        let outcome = connection.run().await;
        (connection.socket, outcome)
    };
    drop(place);
    match outcome {
        Ok(closing) => Box::pin(close(socket, closing)).await,
        Err(Gone) => Box::pin(farewell(socket)).await,
    }
}

fn socket_config(message_limit: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(4 * message_limit)
        .max_message_size(Some(message_limit))
        .max_frame_size(Some(message_limit))
}

impl Connection {
    fn new(
        websocket: Arc<Websocket>,
        socket: Socket,
        outbound: Arc<Outbound>,
        cookie: Option<Box<Token>>,
    ) -> Self {
        let now = Instant::now();
        Self {
            session: Session::new(Arc::clone(&websocket), Arc::clone(&outbound), cookie),
            decoder: Decoder::new(websocket.settings.frame),
            timers: Timers::new(&websocket.settings, now),
            budget: FrameBudget::full(&websocket.settings, now),
            websocket,
            socket,
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
                message = self.socket.next() => {
                    self.received(message.ok_or(Gone)?).await?;
                }
                () = self.outbound.changed(), if !more => {}
                () = std::future::ready(()), if more => {}
                () = timer.as_mut() => self.time_passed().await?,
            }
        }
    }

    /// Writes what waits, in one go.
    async fn write(&mut self) -> Result<Written, Gone> {
        let Self {
            socket, outbound, ..
        } = self;
        let writing = async {
            for written in 0..FRAMES_A_WRITE {
                let rest = match outbound.next() {
                    Next::Frame(frame) => {
                        socket.feed(frame).await?;
                        continue;
                    }
                    Next::End(closing) => Written::End(closing),
                    Next::Nothing => Written::Everything,
                };
                if written > 0 {
                    socket.flush().await?;
                }
                return Ok((written, rest));
            }
            socket.flush().await?;
            Ok((FRAMES_A_WRITE, Written::More))
        };
        let outcome: Result<Result<_, SocketError>, _> =
            timeout(self.websocket.settings.write_within, writing).await;
        match outcome {
            Ok(Ok((written, rest))) => {
                if written > 0 {
                    self.timers.sent(Instant::now());
                }
                Ok(rest)
            }
            Ok(Err(_)) => Err(Gone),
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

    async fn received(&mut self, message: Result<Message, SocketError>) -> Result<(), Gone> {
        let octets: Bytes = match message {
            Ok(Message::Text(text)) => text.into(),
            Ok(Message::Binary(octets)) => octets,
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Bytes::new(),
            Ok(Message::Close(_)) => return Err(Gone),
            Err(error) => {
                self.outbound.end(None, closing_for(&error).ok_or(Gone)?);
                return Ok(());
            }
        };
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
                    Step::Ended => return Ok(()),
                }
            }
        }
        let by = now + self.websocket.settings.frame_within;
        self.timers
            .partial_frame(self.decoder.is_partial(), anew, by);
        Ok(())
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
                    self.send(Message::Ping(Bytes::new())).await?;
                    continue;
                }
                Due::HeartBeat => {
                    self.send(Message::Text(Utf8Bytes::from_static("\n")))
                        .await?;
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
    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        timeout(
            self.websocket.settings.write_within,
            self.socket.send(message),
        )
        .await
        .map_or(Err(Gone), |sent| sent.map_err(|_| Gone))
    }
}

/// How to close after an error beneath STOMP (stomp.md W7); not at all if the client is gone.
fn closing_for(error: &SocketError) -> Option<Closing> {
    use tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
    match error {
        SocketError::Capacity(_) => Some(Closing::TooBig),
        SocketError::Utf8(_) => Some(Closing::NotUtf8),
        SocketError::Protocol(ResetWithoutClosingHandshake) => None,
        SocketError::Protocol(_) => Some(Closing::Protocol),
        _ => None,
    }
}

/// Tells the client why, then drains what it still sends.
async fn close(mut socket: Socket, closing: Closing) {
    let told = timeout(TELL, socket.close(Some(closing.frame()))).await;
    if !matches!(told, Ok(Ok(()))) {
        return;
    }
    let mut io = socket.into_inner();
    let _ = timeout(LINGER, async {
        io.shutdown().await?;
        tokio::io::copy(&mut io, &mut tokio::io::sink()).await
    })
    .await;
}

/// Answers a Close frame of the client, if that is why it is gone.
async fn farewell(mut socket: Socket) {
    let _ = timeout(LINGER, socket.flush()).await;
}
