//! F22: a room is opened while it is written in, over and over, as decision 18 says: subscribe with receipts, then fetch
//! history, then fetch again while a view has more than the client. At the seam no message is missing or repeated.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::client::{Client, Message, RoomView, SeqWatch, Socket, USER2, USER3};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{
    task::JoinSet,
    time::{Instant, interval_at, timeout},
};

use crate::{
    customers::clients,
    plan::{Build, Mode, Size},
    target::Target,
};

/// Messages a second, all senders together.
const RATE: u32 = 200;
const SENDERS: u32 = 20;
const AT_ONCE: usize = 8;
/// An opening is past the seam when it was pushed so many more messages than were acknowledged when it began.
const BEHIND_THE_SEAM: i64 = 20;
const PAGE: u32 = 100;
const OPENING_TIMEOUT: Duration = Duration::from_secs(20);

/// What one opening met.
struct Opened {
    /// Messages on both sides of the seam, in history and pushed.
    both: usize,
    fetched_again: u32,
}

/// # Errors
/// A message was missing, or came twice.
pub async fn the_seam_has_no_gap(mode: Mode, size: Size) -> Result<()> {
    let target = Target::start(mode, Build::Product).await?;
    let clients = clients(&target.url()).await?;
    let room = clients[0]
        .create_room("opened", &[USER2.id, USER3.id])
        .await?;
    let newest = Arc::new(AtomicI64::new(0));
    let began = Instant::now();
    let mut senders = write(&clients, room, &newest);
    let openings = size.of(100, 1_000);
    let opened: Vec<Opened> = stream::iter(0..openings)
        .map(|number| {
            let (client, newest) = (&clients[1 + number % 2], &newest);
            async move {
                let opening = timeout(OPENING_TIMEOUT, open(client, room, newest));
                opening
                    .await
                    .context("the seam is not behind us in time")
                    .flatten()
                    .with_context(|| format!("opening {number} of {openings}"))
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    // Before the end: a sender that is cut off then makes nginx believe that no service is behind it.
    senders.shutdown().await;
    let written = u128::try_from(newest.load(Ordering::Relaxed))?;
    let rate = written * 1_000 / began.elapsed().as_millis();
    let (both, again) = opened.iter().fold((0, 0), |(both, again), opened| {
        (both + opened.both, again + opened.fetched_again)
    });
    println!(
        "F22: {} of {openings} openings without gap or repeat while {rate} messages a second flowed; {both} messages were on both sides of a seam, history was fetched again {again} times",
        opened.len()
    );
    target.end().await
}

/// Writes until it is dropped; `newest` is the highest seq acknowledged.
fn write(clients: &[Client], room: i64, newest: &Arc<AtomicI64>) -> JoinSet<()> {
    let mut senders = JoinSet::new();
    for number in 0..SENDERS {
        let client = clients[number as usize % clients.len()].clone();
        let newest = Arc::clone(newest);
        senders.spawn(async move {
            // Evenly, and not all at once.
            let pace = Duration::from_secs(1) * SENDERS / RATE;
            let mut pace = interval_at(Instant::now() + pace * number / SENDERS, pace);
            loop {
                pace.tick().await;
                if let Ok(sent) = client.send(room, "flows", None).await {
                    newest.fetch_max(sent.seq, Ordering::Relaxed);
                }
            }
        });
    }
    senders
}

async fn open(client: &Client, room: i64, newest: &AtomicI64) -> Result<Opened> {
    let mut socket = Socket::connect(client.url(), client.token().unwrap_or_default()).await?;
    socket.subscribe("/user/topic/rooms").await?;
    socket.subscribe_room(room).await?;
    let goal = newest.load(Ordering::Relaxed) + BEHIND_THE_SEAM;
    let mut held = BTreeMap::new();
    for message in client.history(room).await? {
        keep(&mut held, &message)?;
    }
    let first = held.keys().next().copied().unwrap_or(1);
    let (mut pushed, mut both, mut fetched_again) = (SeqWatch::default(), 0, 0);
    loop {
        let known = contiguous(&held, first);
        if known >= goal && pushed.highest() >= goal {
            break;
        }
        let frame = socket.next().await?;
        if frame.header("destination") == Some("/user/topic/rooms") {
            let view: RoomView = frame.json()?;
            let newest = view.last_message.filter(|_| view.room_id == room);
            // Pushes may be a little behind the view; what stands between both is fetched.
            if newest.is_some_and(|last| last.seq > known) && pushed.highest() > known {
                fetch(client, room, known, &mut held).await?;
                fetched_again += 1;
            }
            continue;
        }
        let message: Message = frame.json()?;
        pushed.observe(message.seq);
        both += usize::from(keep(&mut held, &message)?);
    }
    ensure!(
        pushed.repeats == 0 && pushed.misordered == 0 && pushed.gaps().is_empty(),
        "pushed {pushed:?}"
    );
    Ok(Opened {
        both,
        fetched_again,
    })
}

/// Pages back from the newest message until what is known.
async fn fetch(
    client: &Client,
    room: i64,
    known: i64,
    held: &mut BTreeMap<i64, Message>,
) -> Result<()> {
    let mut page = client.history_page(room, None, PAGE).await?;
    while let Some((oldest, seq)) = page.last().map(|last| (last.message_id, last.seq)) {
        for message in &page {
            keep(held, message)?;
        }
        if seq <= known + 1 {
            break;
        }
        page = client.history_page(room, Some(oldest), PAGE).await?;
    }
    Ok(())
}

/// Whether it was held already, and is then the same.
fn keep(held: &mut BTreeMap<i64, Message>, message: &Message) -> Result<bool> {
    let before = held.insert(message.seq, message.clone());
    ensure!(
        before.as_ref().is_none_or(|before| before == message),
        "history and push differ: {before:?} and {message:?}"
    );
    Ok(before.is_some())
}

/// How far it is held without a gap.
fn contiguous(held: &BTreeMap<i64, Message>, first: i64) -> i64 {
    let run = held.range(first..).zip(first..);
    let run = run.take_while(|((seq, _), expected)| *seq == expected);
    run.last().map_or(first - 1, |(_, seq)| seq)
}
