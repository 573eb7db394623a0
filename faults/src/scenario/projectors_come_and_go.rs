//! F15: projectors come and go every 5 s under load, now the one and now the other: the views end without a gap.

use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep};

use super::load;
use crate::{
    nemesis::Fault,
    plan::{Build, Mode, Size},
    run::run_under_load,
    target::Target,
};

const GONE: Duration = Duration::from_millis(2_500);
const PROJECTORS: [&str; 2] = ["chat-query-service-1", "chat-query-service-2"];

/// # Errors
/// One did not come back, or the audit found something.
pub async fn no_gap_is_left(mode: Mode, size: Size) -> Result<()> {
    let mut target = Target::start(mode, Build::Product).await?;
    let plan = load(mode, size, size.of(70, 160));
    let times = size.of(3, 12);
    let report = run_under_load(&mut target, &plan, async |target, _| {
        let mut faults = Vec::new();
        for projector in PROJECTORS.iter().cycle().take(times) {
            let began = Instant::now();
            target.kill(projector).await?;
            sleep(GONE).await;
            target.revive(projector).await?;
            sleep(GONE).await;
            faults.push(Fault {
                began,
                ended: Instant::now(),
            });
        }
        println!("F15: {times} times a projector went and came back");
        Ok(faults)
    })
    .await?;
    report.verify(&plan)?;
    target.end().await
}
