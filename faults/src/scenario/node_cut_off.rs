//! F21: of two WebSocket nodes one is cut off from Kafka. The other does not notice; the one that was cut pushes what it
//! missed, or has closed its sockets so that clients catch up (decision 16): the audit checks both.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::client::USER2;
use tokio::time::Instant;

use super::load;
use crate::{
    nemesis::Fault,
    plan::{Build, Mode, Size},
    probe::Probe,
    proxy::Proxy,
    run::run_under_load,
    target::Target,
};

const NEAR: &str = "websocket-service-1";
const CUT: &str = "websocket-service-2";
/// From the broker's port to the port behind the proxy, and to the proxy's own, as the broker's settings have them.
const BEHIND_PROXY: u16 = 2;
const PROXY: u16 = 3;
const BROKERS: &str = "COLLOQUY_EVENT_LOG__BROKERS";
const PUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// # Errors
/// The other node was slow, or something never came, or the audit found something.
pub async fn the_other_goes_on_and_it_converges(mode: Mode, size: Size) -> Result<()> {
    let mut target = Target::start(mode, Build::Product).await?;
    let system = target.distributed()?;
    let brokers = system.stores().kafka;
    let (_, port) = brokers.rsplit_once(':').context("host:port")?;
    let port: u16 = port.parse()?;
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let line = Proxy::start(at(port + PROXY), at(port + BEHIND_PROXY)).await?;
    let address = at(port + PROXY).to_string();
    system.kill(CUT).await?;
    system.revive_with(CUT, &[(BROKERS, &address)]).await?;

    let away = Duration::from_secs(size.of(8, 30));
    let plan = load(mode, size, size.of(100, 180));
    let outcome = run_under_load(&mut target, &plan, async |target, setup| {
        let system = target.distributed()?;
        let [sender, reader] = [&setup.clients[0], &setup.clients[1]];
        let mut near = Probe::new(sender, (reader, USER2.id), &system.url_of(NEAR)?).await?;
        let mut cut = Probe::new(sender, (reader, USER2.id), &system.url_of(CUT)?).await?;
        cut.round().await.context("through the proxy")?;
        line.cut();
        let began = Instant::now();
        let (mut rounds, mut slowest) = (0, Duration::ZERO);
        let mut missed = None;
        while began.elapsed() < away {
            let round = near.round().await.context("at the other node")?;
            slowest = slowest.max(round.pushed_after);
            rounds += 1;
            if rounds == 5 {
                missed = Some(cut.send().await?);
            }
        }
        let missed = missed.context("some rounds")?;
        ensure!(
            !cut.has_been_pushed(&missed).await,
            "the node was not cut off: it pushed what was sent meanwhile"
        );
        line.mend();
        let ended = Instant::now();
        let mended = cut.catch_up(&missed).await?;
        println!(
            "F21: {CUT} was cut off for {:?}; the other node pushed {rounds} messages, each in at most {slowest:?}; {mended} {:?} after the line was mended",
            ended - began,
            ended.elapsed()
        );
        ensure!(slowest <= PUSH_TIMEOUT, "the other node took {slowest:?}");
        Ok(vec![Fault { began, ended }])
    })
    .await;
    // The next scenario must not begin with a node behind a proxy that is gone.
    let system = target.distributed()?;
    system.kill(CUT).await?;
    system.revive(CUT).await?;
    let report = outcome?;
    report.verify(&plan)?;
    target.end().await
}
