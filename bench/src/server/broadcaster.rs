//! The baseline: the least that tokio can do for the same deliveries. For each message one prepared WebSocket frame,
//! as long as ours, and one write a socket, or one for all frames that wait. No STOMP, no token, no membership, no limits, no
//! heart-beats.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use colloquy_chassis::{Lifecycle, Tasks};
use colloquy_contracts::{Destination, events::WriteEvent};
use colloquy_websocket::stomp::MessageTemplate;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{feed, process};
use crate::{cli::Broadcaster, load::websocket::server_text_head};

/// As long as the `message-id` of a node of ours.
const MESSAGE_ID: &str = "0123456789abcdef0123456789abcdef-1000";
/// Frames that may wait for one socket.
pub const QUEUE: usize = 64;
const MAX_REQUEST: usize = 8 * 1024;

type Room = Mutex<Vec<mpsc::Sender<Bytes>>>;

/// Serves until standard input ends.
///
/// # Errors
/// The port cannot be used.
pub async fn run(options: &Broadcaster) -> Result<()> {
    let lifecycle = Lifecycle::default();
    let tasks = lifecycle.tasks();
    let rooms: Arc<[Room]> = (0..options.rooms.rooms).map(|_| Room::default()).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    process::announce(listener.local_addr()?);
    tasks.spawn_vital(
        "listener",
        accept(
            listener,
            Arc::clone(&rooms),
            tasks.clone(),
            options.coalesce,
        ),
    );
    let feeding = feed::obey(options.rooms.rooms, async |event| publish(&rooms, event));
    feeding.await.context("standard input")
}

async fn accept(listener: TcpListener, rooms: Arc<[Room]>, tasks: Tasks, coalesces: bool) {
    while let Ok((stream, _)) = listener.accept().await {
        let rooms = Arc::clone(&rooms);
        tasks.spawn(async move {
            // The crowd finds a lost connection.
            let _ = serve(stream, &rooms, coalesces).await;
        });
    }
}

fn publish(rooms: &[Room], event: &WriteEvent) {
    let room = event.room_id();
    let Some(members) = usize::try_from(room.0 - 1)
        .ok()
        .and_then(|at| rooms.get(at))
    else {
        return;
    };
    let frame = frame(
        &Destination::Message(room).to_string(),
        event.to_json().into(),
    );
    let members = members.lock().unwrap_or_else(PoisonError::into_inner);
    for member in &*members {
        // A full queue would lose a frame, and the crowd would see it.
        let _ = member.try_send(frame.clone());
    }
}

fn frame(destination: &str, body: Bytes) -> Bytes {
    let payload = MessageTemplate::new(destination, MESSAGE_ID, body).encode("sub-0", None);
    let length = u16::try_from(payload.len()).expect("the bench publishes small messages");
    [server_text_head(length).as_slice(), &payload]
        .concat()
        .into()
}

async fn serve(mut stream: TcpStream, rooms: &[Room], coalesces: bool) -> Result<()> {
    stream.set_nodelay(true)?;
    let room = upgrade(&mut stream).await?;
    let (sender, mut queue) = mpsc::channel(QUEUE);
    rooms
        .get(room)
        .context("no such room")?
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(sender);
    if coalesces {
        return write_all_that_wait(&mut stream, queue).await;
    }
    while let Some(frame) = queue.recv().await {
        stream.write_all(&frame).await?;
    }
    Ok(())
}

/// One write for each time that the queue is drained.
async fn write_all_that_wait(
    stream: &mut TcpStream,
    mut queue: mpsc::Receiver<Bytes>,
) -> Result<()> {
    let (mut frames, mut octets) = (Vec::with_capacity(QUEUE), Vec::new());
    while queue.recv_many(&mut frames, QUEUE).await > 0 {
        octets.clear();
        for frame in frames.drain(..) {
            octets.extend_from_slice(&frame);
        }
        stream.write_all(&octets).await?;
    }
    Ok(())
}

/// Answers `GET /rooms/N`, and returns the room's index.
async fn upgrade(stream: &mut TcpStream) -> Result<usize> {
    let mut request = Vec::with_capacity(512);
    while !request.ends_with(b"\r\n\r\n") {
        ensure!(request.len() < MAX_REQUEST, "the request is too long");
        ensure!(stream.read_buf(&mut request).await? > 0, "no request");
    }
    let request = String::from_utf8(request)?;
    let room = request
        .strip_prefix("GET /rooms/")
        .and_then(|rest| {
            rest.split(' ')
                .next()?
                .parse::<usize>()
                .ok()?
                .checked_sub(1)
        })
        .context("no room in the path")?;
    let key = request
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))
        .context("no key")?;
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    Ok(room)
}
