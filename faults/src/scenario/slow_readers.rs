//! F20: some of many subscribers stop reading while their rooms write. They are closed with a reason; the others are
//! pushed to as fast as without them, and what waits for the slow ones is bounded.
//!
//! All are in a quiet room, where the time of each push is taken. The slow ones are in a loud one as well: what the
//! kernel keeps for a socket, some megabytes, has to be filled before the server can notice that they do not read.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::client::{
    Client, Frame, Message, Socket, USER2, USER3,
    octets::{self, FIN, Octets, opcode},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{
    task::JoinSet,
    time::{Instant, interval, sleep},
};

use crate::{
    customers::clients,
    plan::{Build, Mode, Size},
    target::Target,
};

const TOO_SLOW: u16 = 4500;
/// The longest message there may be, of characters of four octets.
const LOUD: usize = 8_192;
const LOUD_MESSAGES: u32 = 300;
const AT_ONCE: usize = 20;
const MEMORY: u64 = 64 * 1024 * 1024;
/// Below this, the scheduler decides which side is faster.
const NOISE: Duration = Duration::from_millis(40);

/// # Errors
/// A slow one was not closed, others waited for it, or memory grew too far.
pub async fn they_delay_no_other_reader(mode: Mode, size: Size) -> Result<()> {
    let mut target = Target::start(mode, Build::Product).await?;
    let clients = clients(&target.url()).await?;
    let members = [USER2.id, USER3.id];
    let quiet = clients[0].create_room("quiet", &members).await?;
    let loud = clients[0].create_room("loud", &members).await?;
    let (all, slow) = size.of((100, 10), (1_000, 50));
    let pause = Duration::from_millis(size.of(15, 60));
    let times = Arc::new(Times::default());
    let mut readers = JoinSet::new();
    for number in 0..all - slow {
        let mut socket = connect(&clients[number % clients.len()]).await?;
        socket.subscribe_room(quiet).await?;
        readers.spawn(read(socket, Arc::clone(&times)));
    }

    let mut without = write(&clients[0], [quiet, loud], &times, pause).await?;
    let before = memory(&mut target)?;
    let mut slow_ones = stream::iter(0..slow)
        .map(|number| subscribed(&clients[number % clients.len()], [quiet, loud]))
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await?;
    let mut most = before;
    let mut with = {
        let writing = write(&clients[0], [quiet, loud], &times, pause);
        tokio::pin!(writing);
        loop {
            tokio::select! {
                with = &mut writing => break with?,
                () = sleep(Duration::from_millis(200)) => most = most.max(memory(&mut target)?),
            }
        }
    };
    for slow_one in &mut slow_ones {
        end(slow_one).await?;
    }
    ensure!(
        readers.try_join_next().is_none(),
        "a subscriber that reads was closed as well"
    );
    // Before and after, so that a machine that gets slower or faster by itself is on both sides.
    without.extend(write(&clients[0], [quiet, loud], &times, pause).await?);
    let grown = most.saturating_sub(before);
    let (others, usual) = (p99(&mut with), p99(&mut without));
    println!(
        "F20: {slow} of {all} subscribers stopped reading and were closed with {TOO_SLOW}; p99 of the others {others:?} of {} pushes, without slow ones {usual:?} of {}; memory grew by {} KiB",
        with.len(),
        without.len(),
        grown / 1024
    );
    ensure!(
        others <= (usual + usual / 2).max(NOISE),
        "others were pushed to late"
    );
    ensure!(grown < MEMORY, "memory grew by {grown} octets");
    target.end().await
}

/// When each message of the quiet room was sent, and how long each push took.
#[derive(Default)]
struct Times(Mutex<(Vec<Instant>, Vec<Duration>)>);

impl Times {
    fn sent(&self) -> usize {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.0.push(Instant::now());
        times.0.len() - 1
    }

    fn pushed(&self, number: usize) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let took = times.0[number].elapsed();
        times.1.push(took);
    }

    fn take(&self) -> Vec<Duration> {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut times.1)
    }
}

fn p99(pushes: &mut [Duration]) -> Duration {
    pushes.sort_unstable();
    let index = pushes.len() * 99 / 100;
    pushes.get(index).copied().unwrap_or_default()
}

async fn connect(client: &Client) -> Result<Socket> {
    Socket::connect(client.url(), client.token().unwrap_or_default()).await
}

async fn read(mut socket: Socket, times: Arc<Times>) -> Result<()> {
    loop {
        let frame = socket.next_within(Duration::from_secs(600)).await?;
        let message: Message = frame.json()?;
        times.pushed(message.content.parse()?);
    }
}

/// Writes to both rooms, to the loud one three times as often, and answers how long each push of the quiet one took.
async fn write(
    client: &Client,
    [quiet, loud]: [i64; 2],
    times: &Times,
    pause: Duration,
) -> Result<Vec<Duration>> {
    let text = "🔊".repeat(LOUD);
    let loud = async {
        let mut pace = interval(pause);
        for _ in 0..LOUD_MESSAGES {
            pace.tick().await;
            client.send(loud, &text, None).await?;
        }
        anyhow::Ok(())
    };
    let quiet = async {
        let mut pace = interval(3 * pause);
        for _ in 0..LOUD_MESSAGES / 3 {
            pace.tick().await;
            let number = times.sent();
            client.send(quiet, &number.to_string(), None).await?;
        }
        anyhow::Ok(())
    };
    tokio::try_join!(loud, quiet)?;
    // The last pushes are on their way.
    sleep(Duration::from_secs(1)).await;
    Ok(times.take())
}

/// A connection that is subscribed to both rooms and is not read from then on.
async fn subscribed(client: &Client, rooms: [i64; 2]) -> Result<Octets> {
    let mut octets = Octets::open(client.url(), client.token().unwrap_or_default()).await?;
    let connect = [("accept-version", "1.2"), ("host", "colloquy")];
    say(&mut octets, &Frame::new("CONNECT", &connect)).await?;
    for (id, room) in ["0", "1"].into_iter().zip(rooms) {
        let destination = format!("/topic/message/roomId/{room}");
        let headers = [
            ("id", id),
            ("destination", &destination),
            ("receipt", "subscribed"),
        ];
        say(&mut octets, &Frame::new("SUBSCRIBE", &headers)).await?;
    }
    Ok(octets)
}

/// Sends a frame that is answered.
async fn say(octets: &mut Octets, frame: &Frame) -> Result<()> {
    let frame = octets::frame(FIN | opcode::TEXT, &frame.encode());
    octets.send(&frame).await?;
    let answer = octets.next().await?.context("closed at once")?;
    let text = String::from_utf8_lossy(&answer.payload).into_owned();
    let is_answer = text.starts_with("CONNECTED") || text.starts_with("RECEIPT");
    ensure!(is_answer, "{text}");
    Ok(())
}

/// Reads what was written before the end, and the reason of the end.
async fn end(slow_one: &mut Octets) -> Result<()> {
    loop {
        let frame = slow_one
            .next()
            .await?
            .context("a slow one was cut without a reason")?;
        if frame.opcode() == opcode::CLOSE {
            let reason = String::from_utf8_lossy(frame.payload.get(2..).unwrap_or_default());
            ensure!(
                frame.close_code() == Some(TOO_SLOW) && !reason.is_empty(),
                "a slow one was closed with {:?} {reason}",
                frame.close_code()
            );
            return Ok(());
        }
    }
}

/// What the process that pushes holds in memory.
fn memory(target: &mut Target) -> Result<u64> {
    let pids = match target {
        Target::AllInOne(system) => vec![system.pid().context("it runs")?],
        Target::Distributed(system) => vec![
            system.pid("websocket-service-1")?,
            system.pid("websocket-service-2")?,
        ],
    };
    let mut octets = 0;
    for pid in pids {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: u64 = line
            .and_then(|line| line.split_whitespace().next())
            .context("VmRSS")?
            .parse()?;
        octets += kilobytes * 1024;
    }
    Ok(octets)
}
