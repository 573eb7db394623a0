//! F13: a projector dies after it has stored a batch and before it has announced it, and again before its position is
//! committed. Under load the views are exact; and of a single message, behind which nothing comes that could hide it, the
//! announcement is published.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::{
    client::{Client, RoomView, Socket, USER2},
    harness::eventually,
};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use super::load;
use crate::{
    customers::clients,
    nemesis::Fault,
    plan::{Build, Mode, Plan, Size},
    run::run_under_load,
    target::{DistributedSystem, Target},
};

const CRASHES: &str = "chat-query-service-1";
/// The other one would take over what this one leaves.
const AWAY: &str = "chat-query-service-2";
const CRASH_AT: &str = "COLLOQUY_CRASH_AT";
const POINTS: [&str; 2] = ["projector.after_apply", "projector.after_announce"];
/// Kafka first notices that the one that died is gone.
const PUSH_TIMEOUT: Duration = Duration::from_secs(30);

/// # Errors
/// It did not crash where it should, an announcement was not published, or the audit found something.
pub async fn every_announcement_is_published(mode: Mode, size: Size) -> Result<()> {
    let mut target = Target::start(mode, Build::Planted(None)).await?;
    target.kill(AWAY).await?;
    let plan = Plan {
        control: true,
        ..load(mode, size, size.of(60, 130))
    };
    let rounds = size.of(1, 4);
    let report = run_under_load(&mut target, &plan, async |target, _| {
        let system = target.distributed()?;
        let mut faults = Vec::new();
        for round in 0..rounds {
            for point in POINTS {
                let began = Instant::now();
                crash(system, &format!("{point}:{}", 1 + round % 3)).await?;
                system.revive(CRASHES).await?;
                faults.push(Fault {
                    began,
                    ended: Instant::now(),
                });
            }
        }
        Ok(faults)
    })
    .await?;
    report.verify(&plan)?;

    let slowest = quietly(&target).await?;
    println!(
        "F13: {} crashes under load, {} in the quiet; each announcement was pushed, {slowest:?} after its message at most",
        2 * rounds,
        POINTS.len()
    );
    target.revive(AWAY).await?;
    target.end().await
}

/// Dies at a single message, each time at another point.
async fn quietly(target: &Target) -> Result<Duration> {
    let clients = clients(&target.url()).await?;
    let room = clients[0].create_room("quiet", &[USER2.id]).await?;
    let system = target.distributed()?;
    let mut slowest = Duration::ZERO;
    for (point, seq) in POINTS.into_iter().zip(1..) {
        let mut socket =
            Socket::connect(clients[1].url(), clients[1].token().unwrap_or_default()).await?;
        socket.subscribe("/user/topic/rooms").await?;
        eventually("the room is projected", || async {
            Ok(rooms(&clients[1], room, seq - 1).await)
        })
        .await?;
        system.kill(CRASHES).await?;
        system
            .revive_with(CRASHES, &[(CRASH_AT, &format!("{point}:1"))])
            .await?;
        let sent = clients[0].send(room, "alone", None).await?;
        ensure!(sent.seq == seq, "{sent:?} is not alone");
        let began = Instant::now();
        crashed(system, point).await?;
        system.revive(CRASHES).await?;
        timeout(PUSH_TIMEOUT, pushed(&mut socket, room, seq))
            .await
            .with_context(|| format!("after {point} the announcement was never pushed"))??;
        slowest = slowest.max(began.elapsed());
    }
    Ok(slowest)
}

async fn rooms(client: &Client, room: i64, seq: i64) -> Option<()> {
    let views = client.rooms().await.ok()?;
    let view = views.into_iter().find(|view| view.room_id == room)?;
    (view.last_message.map_or(0, |last| last.seq) == seq).then_some(())
}

async fn pushed(socket: &mut Socket, room: i64, seq: i64) -> Result<()> {
    loop {
        let view: RoomView = socket.next_within(PUSH_TIMEOUT).await?.json()?;
        if view.room_id == room && view.last_message.is_some_and(|last| last.seq == seq) {
            return Ok(());
        }
    }
}

/// Lets the projector run until it crashes.
async fn crash(system: &DistributedSystem, point: &str) -> Result<()> {
    system.kill(CRASHES).await?;
    // Where there is much to project it is gone before it is ready.
    let started = system.revive_with(CRASHES, &[(CRASH_AT, point)]).await;
    crashed(system, point).await?;
    let name = point.rsplit_once(':').map_or(point, |(name, _)| name);
    ensure!(
        system.log(CRASHES)?.contains(&format!("crashes at {name}")),
        "the projector did not crash at {point}: {started:?}"
    );
    Ok(())
}

/// Waits for the end of the process. Its member has to leave the group by time-out before the next one is served, so this
/// is longer than it looks.
async fn crashed(system: &DistributedSystem, point: &str) -> Result<()> {
    let program = format!("/proc/{}/exe", system.pid(CRASHES)?);
    let url = system.url_of(CRASHES)?;
    let address = url.trim_start_matches("http://");
    let gone = async {
        // Its port is freed a moment later than its memory.
        while Path::new(&program).exists() || TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PUSH_TIMEOUT, gone)
        .await
        .with_context(|| format!("the projector did not come to {point}"))
}
