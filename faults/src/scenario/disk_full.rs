//! F26, F36: the disk of all-in-one is full, then is not, and is full again, all under load. While it is full nothing is
//! acknowledged that is not kept; with room again the same process writes and is ready within 5 s.

use std::time::Duration;

use anyhow::{Result, ensure};
use colloquy_e2e::{
    client::{Answer, USER1, USER2},
    harness::eventually,
};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::load;
use crate::{
    nemesis::Fault,
    plan::{Mode, Size},
    run::run_under_load,
    target::{AllInOne, SmallDisk, Target},
};

const MEBIBYTES: u32 = 64;
const BETWEEN: Duration = Duration::from_secs(1);
/// Longer than any back-off on the way.
const FULL: Duration = Duration::from_secs(2);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// # Errors
/// The process ended, did not say that it cannot write, did not come back in time, or the audit found something.
pub async fn it_heals_without_a_restart(mode: Mode, size: Size) -> Result<()> {
    let disk = SmallDisk::mount(MEBIBYTES)?;
    let mut target = Target::AllInOne(AllInOne::start_on(disk.path()).await?);
    let plan = load(mode, size, size.of(120, 250));
    let times = size.of(2, 8);
    let report = run_under_load(&mut target, &plan, async |target, setup| {
        let client = &setup.clients[0];
        // A room that no audit looks at.
        let room = client.create_room("disk full", &[USER2.id]).await?;
        let credentials = json!({"username": USER1.username, "password": USER1.password});
        let write = async || client.send_raw(room, "with room again", None).await;
        let log_in = async || client.post("/auth/login", &credentials).await;
        let ready = async || client.get("/readyz").await;
        let (mut faults, mut slowest) = (Vec::new(), Duration::ZERO);
        for _ in 0..times {
            sleep(BETWEEN).await;
            let began = Instant::now();
            disk.fill()?;
            eventually("a full disk is noticed", || async {
                Ok((ready().await?.status == 503).then_some(()))
            })
            .await?;
            sleep(FULL).await;
            disk.free()?;
            let freed = Instant::now();
            in_time(freed, "a message", &write).await?;
            in_time(freed, "a login", &log_in).await?;
            in_time(freed, "/readyz", &ready).await?;
            let ended = Instant::now();
            slowest = slowest.max(ended - freed);
            faults.push(Fault { began, ended });
        }
        target.all_in_one()?.lives()?;
        println!("F26: {times} times full, written again after at most {slowest:?}");
        Ok(faults)
    })
    .await?;
    report.verify(&plan)?;
    target.all_in_one()?.lives()?;
    target.end().await
}

/// Asks until it is done; until then only 503 is right.
async fn in_time(
    freed: Instant,
    what: &str,
    ask: impl AsyncFn() -> reqwest::Result<Answer>,
) -> Result<()> {
    loop {
        let answer = ask().await?;
        if answer.status == 200 {
            return Ok(());
        }
        ensure!(
            answer.status == 503,
            "{what} is {}: {}",
            answer.status,
            answer.body
        );
        ensure!(
            freed.elapsed() < ANSWER_TIMEOUT,
            "{what} is still 503 after {ANSWER_TIMEOUT:?}"
        );
        sleep(POLL_INTERVAL).await;
    }
}
