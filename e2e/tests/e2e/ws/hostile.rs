//! Malicious clients, case by case: their frames, the answers they must get, and that no other client notices
//! (stomp.md §2–§6). The answers are those of the document, not of a run.

mod attacker;
mod case;
mod churn;
mod connecting;
mod destinations;
mod framing;
mod ground;
mod lengths;
mod limits;
mod sending;
mod slow;
mod subscribing;

use std::{collections::HashSet, fs};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::harness::{Instance, Options, System};
use futures_util::future::try_join_all;

use self::{
    attacker::{Attacker, play},
    case::{Case, Stage},
    ground::{Ground, Names, Witness},
    slow::DRIPPERS,
};

struct Group {
    name: &'static str,
    cases: fn(&Names) -> Vec<Case>,
}

const fn group(name: &'static str, cases: fn(&Names) -> Vec<Case>) -> Group {
    Group { name, cases }
}

const FRAMING: Group = group("framing", |_| [framing::cases(), lengths::cases()].concat());
const LIMITS: Group = group("limits", |_| limits::cases());
const CONNECTING: Group = group("connecting", connecting::cases);
const DESTINATIONS: Group = group("destinations", destinations::cases);
const SUBSCRIBING: Group = group("subscribing", subscribing::cases);
const SENDING: Group = group("sending", sending::cases);
const ALL: [Group; 6] = [
    FRAMING,
    LIMITS,
    CONNECTING,
    DESTINATIONS,
    SUBSCRIBING,
    SENDING,
];

/// Rounds of all cases before memory is read for the first time: caches and arenas have then their size.
const WARM_UP: usize = 2;
const ROUNDS: usize = 5;
const GROWTH_KIB: u64 = 32 * 1024;
/// Clients that ask by PING and never read, and how often: their PONGs are far more than that.
const FLOODS: usize = 10;
const PINGS: usize = 100_000;

impl Group {
    /// Plays the cases one after another; after each the good client must still be served.
    async fn play(&self, system: &System) -> Result<()> {
        let ground = Ground::of(system).await?;
        let mut witness = Witness::of(&ground).await?;
        let mut wrong = Vec::new();
        for case in (self.cases)(&ground.names) {
            if let Err(error) = play(&ground, &case).await {
                wrong.push(format!("{}: {error:#}", case.name));
            }
            let served = witness.is_served().await;
            served.with_context(|| format!("the good client after {}", case.name))?;
        }
        let nothing = witness.saw_nothing(&ground).await;
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        nothing.context("what the good client got")
    }
}

#[tokio::test]
async fn stomp_hostile_framing() -> Result<()> {
    FRAMING.play(System::shared().await?).await
}

#[tokio::test]
async fn stomp_hostile_limits() -> Result<()> {
    LIMITS.play(System::shared().await?).await
}

#[tokio::test]
async fn stomp_hostile_connecting() -> Result<()> {
    CONNECTING.play(System::shared().await?).await
}

#[tokio::test]
async fn stomp_hostile_destinations() -> Result<()> {
    DESTINATIONS.play(System::shared().await?).await
}

#[tokio::test]
async fn stomp_hostile_subscribing() -> Result<()> {
    SUBSCRIBING.play(System::shared().await?).await
}

#[tokio::test]
async fn stomp_hostile_sending() -> Result<()> {
    SENDING.play(System::shared().await?).await
}

#[tokio::test]
async fn stomp_hostile_slow() -> Result<()> {
    let ground = &Ground::of(System::shared().await?).await?;
    let mut witness = Witness::of(ground).await?;
    let drip = DRIPPERS.iter().map(|dripper| async move {
        let dripped = dripper.drip(ground).await;
        dripped.context(dripper.name)
    });
    try_join_all(drip).await?;
    witness.is_served().await?;
    witness.saw_nothing(ground).await
}

#[test]
fn stomp_hostile_cases_are_more_than_300_and_each_has_a_name() {
    let names = Names::of_nothing();
    let mut unique = HashSet::new();
    for group in ALL {
        let cases = (group.cases)(&names);
        println!("{}: {} cases", group.name, cases.len());
        for case in cases {
            assert!(unique.insert(case.name.clone()), "twice: {}", case.name);
        }
    }
    let count = unique.len() + DRIPPERS.len();
    println!("{count} hostile cases");
    assert!(count >= 300, "only {count}");
}

#[tokio::test]
async fn stomp_hostile_memory_is_bounded() -> Result<()> {
    let instance = Instance::start(Options::default()).await?;
    let pid = instance.pid().context("it runs")?;
    let system = System::of(instance);
    play_all(&system, WARM_UP).await?;
    let before = resident_kib(pid)?;
    play_all(&system, ROUNDS).await?;
    let floods = flood(&system).await?;
    let after = resident_kib(pid)?;
    drop(floods);
    println!("resident after {WARM_UP} rounds of all hostile cases: {before} KiB");
    println!("resident after {ROUNDS} more and {FLOODS} floods of PINGs: {after} KiB");
    ensure!(
        after <= before + GROWTH_KIB,
        "grew from {before} to {after} KiB"
    );
    Ok(())
}

async fn play_all(system: &System, rounds: usize) -> Result<()> {
    for _ in 0..rounds {
        try_join_all(ALL.iter().map(|group| group.play(system))).await?;
    }
    Ok(())
}

/// Connections that have sent all their PINGs, or were closed for them; none has read a PONG.
async fn flood(system: &System) -> Result<Vec<Attacker>> {
    let ground = &Ground::of(system).await?;
    let floods = (0..FLOODS).map(|_| async move {
        let mut attacker = Attacker::open(ground, Stage::V12).await?;
        attacker.flood(PINGS).await;
        anyhow::Ok(attacker)
    });
    try_join_all(floods).await
}

/// What the process holds in memory.
fn resident_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.context("no VmRSS")?.parse()?)
}
