//! The same deliveries by the all-in-one process: with HTTP, authentication, SQLite, outbox and projections.

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
    rc::Rc,
};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::{
    client::{Client, USER1, USER2, USER3},
    harness::{Instance, Options},
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::run::Run;
use crate::{
    cli::Delivery,
    load::{Crowd, Visitor},
    measure::Cpu,
    server::feed::{CONTENT_OCTETS, due},
};

/// One run against a fresh system.
///
/// # Errors
/// The system fails, or the run does not count.
pub async fn run(options: &Delivery) -> Result<Run> {
    let system = instance(options.bin.as_deref()).await?;
    let pid = system.pid().context("the system runs")?;
    let members = log_in(&Client::new(&system.url())?).await?;
    let mut rooms = Vec::new();
    for number in 1..=options.rooms.rooms {
        let name = format!("Room {number}");
        let room = members[0].create_room(&name, &[USER2.id, USER3.id]);
        rooms.push(room.await?);
    }
    let address = address(&system.url())?;
    let crowd = Crowd::gather(address, visitors(&members, &rooms, options)?).await?;
    let (warm_up, measured) = (options.warm_up(), options.messages());
    send(&members[0], &rooms, options.rate, warm_up).await?;
    crowd.received(options.deliveries(warm_up)).await?;

    let before = Cpu::of(pid)?;
    send(&members[0], &rooms, options.rate, measured).await?;
    crowd
        .received(options.deliveries(warm_up + measured))
        .await?;
    let used = Cpu::of(pid)? - before;
    Ok(Run::new(used, options.deliveries(measured)))
}

/// Open loop: a slow answer delays no other message.
async fn send(sender: &Client, rooms: &[i64], rate: u64, count: u64) -> Result<()> {
    let content: Rc<str> = "x".repeat(CONTENT_OCTETS).into();
    let (start, mut sending) = (Instant::now(), JoinSet::new());
    for (number, room) in (0..count).zip(rooms.iter().copied().cycle()) {
        sleep_until(start + due(number, rate)).await;
        let (sender, content) = (sender.clone(), Rc::clone(&content));
        sending.spawn_local(async move { sender.send(room, &content, None).await });
    }
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    Ok(())
}

fn visitors(members: &[Client], rooms: &[i64], options: &Delivery) -> Result<Vec<Visitor>> {
    ensure!(!rooms.is_empty(), "at least one room is needed");
    let members = members.iter().cycle().zip(rooms.iter().cycle());
    members
        .take(options.connections)
        .map(|(member, room)| visitor(member, *room))
        .collect()
}

/// An all-in-one process with an empty folder, which lets one machine sign up and log in as often as a figure needs.
///
/// # Errors
/// There is no binary, or it does not start.
pub async fn instance(bin: Option<&Path>) -> Result<Instance> {
    let set = [
        ("COLLOQUY_LOG__FILTER", "warn"),
        ("COLLOQUY_ACCOUNTS__SIGN_UPS_PER_HOUR", "100000"),
        // A login counts as failed until its password is known to be right, and many are on their way at once.
        ("COLLOQUY_GUESSES__PER_ACCOUNT", "100000"),
        ("COLLOQUY_GUESSES__PER_ADDRESS", "100000"),
    ];
    let set = set.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Instance::start(Options {
        binary: Some(binary(bin)?),
        env: set.into(),
        ..Options::default()
    })
    .await
}

/// The three customers that every system has.
///
/// # Errors
/// One of them cannot log in.
pub async fn log_in(client: &Client) -> Result<Vec<Client>> {
    let mut members = Vec::new();
    for user in [USER1, USER2, USER3] {
        members.push(client.login(user.username, user.password).await?);
    }
    Ok(members)
}

/// A member who listens to a room.
///
/// # Errors
/// The member has no session.
pub fn visitor(member: &Client, room: i64) -> Result<Visitor> {
    Ok(Visitor {
        path: colloquy_websocket::server::PATH.to_owned(),
        token: Some(Rc::from(member.token().context("a login gives a token")?)),
        room,
    })
}

/// Where a system listens.
///
/// # Errors
/// The URL is not that of an address.
pub fn address(url: &str) -> Result<SocketAddr> {
    let address = url.trim_start_matches("http://").parse();
    address.with_context(|| format!("{url} is not the URL of an address"))
}

/// The release build of the product: this file, or the one beside this program.
///
/// # Errors
/// It is not there.
pub fn binary(bin: Option<&Path>) -> Result<PathBuf> {
    let binary = match bin {
        Some(path) => path.to_owned(),
        None => env::current_exe()?.with_file_name("colloquy"),
    };
    ensure!(
        binary.is_file(),
        "{} is missing: run `cargo build --release -p colloquy -p colloquy-bench`",
        binary.display()
    );
    Ok(binary)
}
