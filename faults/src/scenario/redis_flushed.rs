//! F16: Redis forgets everything at ten points. Who is online is known again within 30 s, and what was revoked stays
//! revoked.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::client::{Client, USER1, USER2};
use redis::{AsyncCommands as _, aio::MultiplexedConnection};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::load;
use crate::{
    customers::CUSTOMERS,
    nemesis::Fault,
    plan::{Build, Mode, Size},
    run::run_under_load,
    target::{DistributedSystem, Target},
};

const FLUSHES: u32 = 10;
const ONLINE_WITHIN: Duration = Duration::from_secs(30);
/// A key that shows that a flush was one.
const WITNESS: &str = "a flush would take it";
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// # Errors
/// A connected customer is not online, or a session that had ended was let in, or the audit found something.
pub async fn presence_comes_back(mode: Mode, size: Size) -> Result<()> {
    let mut target = Target::start(mode, Build::Product).await?;
    let plan = load(mode, size, size.of(60, 60));
    let report = run_under_load(&mut target, &plan, async |target, setup| {
        let mut redis = connect(target.distributed()?).await?;
        let visitor = Client::new(&target.url())?;
        let room = setup.rooms[0];
        back(&setup.clients[0], room).await.context("before")?;
        let (mut ended, mut faults, mut slowest) = (Vec::new(), Vec::new(), Duration::ZERO);
        for number in 1..=FLUSHES {
            let session = visitor.login(USER2.username, USER2.password).await?;
            let answer = session.post("/auth/logout", &json!({})).await?;
            ensure!(answer.status == 200, "a logout: {}", answer.body);
            ended.push(session);

            let () = redis.set(WITNESS, 1).await?;
            let began = Instant::now();
            let () = redis::cmd("FLUSHALL").query_async(&mut redis).await?;
            let kept: bool = redis.exists(WITNESS).await?;
            ensure!(!kept, "Redis forgot nothing");
            denied(&ended).await?;
            // Between flushes that follow each other closely there may be no time for it, but after the last.
            if number == FLUSHES || size == Size::Full {
                slowest = slowest.max(back(&setup.clients[0], room).await?);
            } else {
                sleep(Duration::from_millis(500)).await;
            }
            faults.push(Fault {
                began,
                ended: Instant::now(),
            });
        }
        println!("F16: {FLUSHES} flushes, all were online again after at most {slowest:?}, {} ended sessions stayed so", ended.len());
        Ok(faults)
    })
    .await?;
    report.verify(&plan)?;
    target.end().await
}

/// A connection to the system's Redis.
pub async fn connect(system: &DistributedSystem) -> Result<MultiplexedConnection> {
    let client = redis::Client::open(system.redis())?;
    Ok(client.get_multiplexed_async_connection().await?)
}

/// Waits until all three, who are connected all the time, are online.
async fn back(asker: &Client, room: i64) -> Result<Duration> {
    let began = Instant::now();
    loop {
        let answer = asker
            .get(&format!("/query/onlineStatus/roomId/{room}"))
            .await?;
        let online = answer.data().as_array().map_or(0, |all| {
            all.iter().filter(|one| one["online"] == true).count()
        });
        if online == CUSTOMERS.len() {
            return Ok(began.elapsed());
        }
        ensure!(
            began.elapsed() <= ONLINE_WITHIN,
            "{online} of {} are online {ONLINE_WITHIN:?} after a flush, according to {}: {}",
            CUSTOMERS.len(),
            USER1.username,
            answer.body
        );
        sleep(POLL_INTERVAL).await;
    }
}

async fn denied(ended: &[Client]) -> Result<()> {
    for session in ended {
        let answer = session.get("/query/rooms").await?;
        ensure!(
            answer.status == 401,
            "a session that had ended was answered with {} after a flush",
            answer.status
        );
    }
    Ok(())
}
