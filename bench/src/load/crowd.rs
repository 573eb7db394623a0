//! Many connections that are opened, listen, and are counted together.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::Duration,
};

use anyhow::{Result, ensure};
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    arrivals::Arrivals,
    handshake,
    seq_watch::{Defects, SeqWatch, seq_of},
    websocket::{self, FrameReader},
};

/// Handshakes under way at once.
const AT_ONCE: usize = 32;
/// How often the counters are read.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// Without a delivery for so long, no more come.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// A client that connects, and what it connects to.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The path of the upgrade.
    pub path: String,
    /// The session's token; without one the client speaks no STOMP, and `path` says what it wants.
    pub token: Option<Rc<str>>,
    /// The room whose messages it wants.
    pub room: i64,
}

/// Connections that are open and subscribed. Dropping it cuts them.
#[derive(Debug)]
pub struct Crowd {
    tally: Rc<Tally>,
    listening: JoinSet<()>,
}

/// What all connections have received.
#[derive(Debug)]
struct Tally {
    deliveries: Cell<u64>,
    defects: RefCell<Defects>,
    arrivals: Option<Rc<Arrivals>>,
    /// One for all: only one connection reads at a time.
    buffer: RefCell<Box<[u8]>>,
}

impl Crowd {
    /// Opens all connections; returns when each has subscribed.
    ///
    /// # Errors
    /// One of them was refused.
    pub async fn gather(server: SocketAddr, visitors: Vec<Visitor>) -> Result<Self> {
        Self::gather_noting(server, visitors, None).await
    }

    /// As [`Crowd::gather`]; notes when each message arrived.
    ///
    /// # Errors
    /// One of them was refused.
    pub async fn gather_noting(
        server: SocketAddr,
        visitors: Vec<Visitor>,
        arrivals: Option<Rc<Arrivals>>,
    ) -> Result<Self> {
        let tally = Rc::new(Tally {
            deliveries: Cell::default(),
            defects: RefCell::default(),
            arrivals,
            buffer: RefCell::new(vec![0; 64 * 1024].into()),
        });
        let mut crowd = Self {
            tally,
            listening: JoinSet::new(),
        };
        let mut arriving = JoinSet::new();
        for visitor in visitors {
            if arriving.len() == AT_ONCE {
                crowd.welcome(arriving.join_next().await.expect("some are arriving")??);
            }
            arriving.spawn_local(arrive(server, visitor));
        }
        while let Some(arrived) = arriving.join_next().await {
            crowd.welcome(arrived??);
        }
        Ok(crowd)
    }

    /// Waits for so many deliveries since the crowd gathered, and checks that not one was lost, repeated or reordered.
    ///
    /// # Errors
    /// Something was wrong with what came, or nothing more comes.
    pub async fn received(&self, deliveries: u64) -> Result<()> {
        let counted = self.reached(deliveries).await?;
        self.check()?;
        ensure!(
            counted == deliveries,
            "{counted} deliveries instead of {deliveries}"
        );
        Ok(())
    }

    /// Waits for at least so many deliveries since the crowd gathered, and answers how many they are.
    ///
    /// # Errors
    /// Nothing more comes.
    pub async fn reached(&self, deliveries: u64) -> Result<u64> {
        let mut counted = self.tally.deliveries.get();
        let mut deadline = Instant::now() + DELIVERY_TIMEOUT;
        while counted < deliveries {
            sleep(POLL_INTERVAL).await;
            let now = self.tally.deliveries.get();
            if now > counted {
                counted = now;
                deadline = Instant::now() + DELIVERY_TIMEOUT;
            }
            ensure!(
                Instant::now() < deadline,
                "{counted} of {deliveries} deliveries came: {:?}",
                self.tally.defects.borrow()
            );
        }
        Ok(counted)
    }

    /// That nothing was wrong so far.
    ///
    /// # Errors
    /// Something was.
    pub fn check(&self) -> Result<()> {
        let defects = *self.tally.defects.borrow();
        ensure!(
            defects == Defects::default(),
            "the run does not count: {defects:?}"
        );
        Ok(())
    }

    fn welcome(&mut self, stream: TcpStream) {
        let tally = Rc::clone(&self.tally);
        self.listening.spawn_local(async move {
            listen(&stream, &tally).await;
            tally.defects.borrow_mut().cut += 1;
        });
    }
}

async fn arrive(server: SocketAddr, visitor: Visitor) -> Result<TcpStream> {
    let mut stream = handshake::upgrade(server, &visitor.path, visitor.token.as_deref()).await?;
    if visitor.token.is_some() {
        handshake::subscribe(&mut stream, visitor.room).await?;
    }
    Ok(stream)
}

/// Returns when the connection is over.
async fn listen(stream: &TcpStream, tally: &Tally) {
    let (mut frames, mut seqs) = (FrameReader::default(), SeqWatch::default());
    while stream.readable().await.is_ok() {
        let mut buffer = tally.buffer.borrow_mut();
        let read = match stream.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => return,
        };
        let (mut closed, mut pings) = (false, 0);
        frames.read(&buffer[..read], |opcode, payload| match opcode {
            websocket::PING => pings += 1,
            websocket::CLOSE => closed = true,
            _ => {
                if let Some(seq) = seq_of(payload) {
                    seqs.note(seq, &mut tally.defects.borrow_mut());
                    tally.deliveries.update(|deliveries| deliveries + 1);
                    if let Some(arrivals) = &tally.arrivals {
                        arrivals.note(payload);
                    }
                }
            }
        });
        // A few octets into an empty send buffer: they go out whole or the connection is lost anyway.
        let answered = (0..pings).all(|_| stream.try_write(&websocket::pong()).is_ok());
        if closed || !answered {
            return;
        }
    }
}
