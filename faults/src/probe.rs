//! A customer who writes now and then and one who is pushed to: how the system feels to them during a fault.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use colloquy_e2e::client::{CallError, Client, Handshake, Message, Socket};
use tokio::time::{Instant, sleep, timeout};

/// How long one message is tried.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
const RETRY_PAUSE: Duration = Duration::from_millis(50);
/// How long a push is awaited before the wait itself has failed.
const PUSH_TIMEOUT: Duration = Duration::from_secs(20);
const PUSHED_ALREADY: Duration = Duration::from_millis(50);
/// How a node closes that has missed events (decision 16).
const MISSED: u16 = 1012;

/// A connection to one node without nginx, which would have passed the host that people use.
///
/// # Errors
/// The node does not let the customer in.
pub async fn connect(client: &Client, node: &str) -> Result<Socket> {
    let host = client.url().trim_start_matches("http://");
    let handshake = Handshake {
        cookie: client.token(),
        headers: vec![("host", host)],
        ..Handshake::default()
    };
    let mut socket = Socket::open(node, handshake).await?;
    socket.log_in(&[]).await?;
    Ok(socket)
}

/// The two and their room, which no audit looks at.
pub struct Probe {
    sender: Client,
    reader: Client,
    socket: Socket,
    subscription: String,
    room: i64,
}

/// What one message met.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// The longest that one try took.
    pub slowest_answer: Duration,
    /// Tries that were not acknowledged.
    pub failed_tries: u32,
    /// When it was acknowledged.
    pub acknowledged: Instant,
    /// From then to the push.
    pub pushed_after: Duration,
    /// The message's seq.
    pub seq: i64,
}

/// A message that was acknowledged.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    content: String,
    seq: i64,
    slowest_answer: Duration,
    failed_tries: u32,
}

impl Probe {
    /// Makes the room; the second of the two, who has this id, is connected to the node at `url`.
    ///
    /// # Errors
    /// The system does not let them.
    pub async fn new(sender: &Client, reader: (&Client, i64), url: &str) -> Result<Self> {
        let (reader, id) = reader;
        let room = sender.create_room("probe", &[id]).await?;
        let mut socket = connect(reader, url).await?;
        let subscription = socket.subscribe_room(room).await?;
        Ok(Self {
            sender: sender.clone(),
            reader: reader.clone(),
            socket,
            subscription,
            room,
        })
    }

    /// The room of the two.
    pub fn room(&self) -> i64 {
        self.room
    }

    /// Sends until it is acknowledged, and awaits the push.
    ///
    /// # Errors
    /// Either did not come at all, or the message was refused for good.
    pub async fn round(&mut self) -> Result<Round> {
        let sent = self.send().await?;
        let acknowledged = Instant::now();
        self.await_push(&sent.content).await?;
        Ok(Round {
            slowest_answer: sent.slowest_answer,
            failed_tries: sent.failed_tries,
            acknowledged,
            pushed_after: acknowledged.elapsed(),
            seq: sent.seq,
        })
    }

    /// Sends until it is acknowledged.
    ///
    /// # Errors
    /// It never was, or was refused for good.
    pub async fn send(&self) -> Result<Acknowledged> {
        let content = fastrand::u64(..).to_string();
        let began = Instant::now();
        let (mut slowest_answer, mut failed_tries) = (Duration::ZERO, 0);
        loop {
            let tried = Instant::now();
            let send = self.sender.send(self.room, &content, Some(&content));
            let outcome = timeout(SEND_TIMEOUT, send).await;
            let outcome = outcome.context("a send was never answered")?;
            slowest_answer = slowest_answer.max(tried.elapsed());
            match outcome {
                Ok(sent) => {
                    return Ok(Acknowledged {
                        content,
                        seq: sent.seq,
                        slowest_answer,
                        failed_tries,
                    });
                }
                Err(CallError::Refused(answer)) if !matches!(answer.status, 502..=504) => {
                    bail!(
                        "a send was answered with {}: {}",
                        answer.status,
                        answer.body
                    );
                }
                Err(_) => failed_tries += 1,
            }
            ensure!(began.elapsed() < SEND_TIMEOUT, "nothing is acknowledged");
            sleep(RETRY_PAUSE).await;
        }
    }

    /// Whether the push of a message is here already.
    pub async fn has_been_pushed(&mut self, sent: &Acknowledged) -> bool {
        timeout(PUSHED_ALREADY, self.await_push(&sent.content))
            .await
            .is_ok_and(|pushed| pushed.is_ok())
    }

    /// Waits until the reader has a message: pushed, or, where the connection was closed, from history.
    ///
    /// # Errors
    /// It has not.
    pub async fn catch_up(&mut self, sent: &Acknowledged) -> Result<&'static str> {
        if self.await_push(&sent.content).await.is_ok() {
            return Ok("it pushed what it had missed");
        }
        let closed = self.socket.expect_close().await?;
        ensure!(
            closed.code == MISSED,
            "the connection was closed with {closed:?}"
        );
        let history = self.reader.history_from(self.room, sent.seq).await?;
        ensure!(
            history.iter().any(|message| message.seq == sent.seq),
            "history lacks it"
        );
        Ok("it closed its sockets, and history had what was missed,")
    }

    async fn await_push(&mut self, content: &str) -> Result<()> {
        loop {
            let pushed = self
                .socket
                .next_message_within(&self.subscription, PUSH_TIMEOUT)
                .await?;
            if pushed.json::<Message>()?.content == content {
                return Ok(());
            }
        }
    }
}
