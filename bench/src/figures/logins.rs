//! G16: how late deliveries are while passwords are hashed, against the same without, in interleaved runs of one process.

use std::{cell::Cell, rc::Rc};

use anyhow::{Context as _, Result, bail};
use colloquy_e2e::client::{Client, USER1, USER2, USER3};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    latency::{self, Run, Scene},
    whole,
};
use crate::{
    cli::Logins,
    measure::{QuantileSpread, Spread, machine::load_average},
    server::feed::due,
};

/// What came out.
#[derive(Debug)]
pub struct Figure {
    /// What was asked for.
    pub options: Logins,
    /// Until a client had a message, without logins.
    pub calm: QuantileSpread,
    /// With them.
    pub busy: QuantileSpread,
    /// The 99th percentile with logins over the one without, pair by pair.
    pub ratio: Spread,
    /// What became of the logins of all runs.
    pub outcome: Outcome,
    /// Before and after.
    pub load_average: [String; 2],
}

/// What became of logins.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Answered with a session.
    pub accepted: u64,
    /// Answered with 503, because too many passwords wait.
    pub refused: u64,
}

/// Runs all pairs.
///
/// # Errors
/// The system fails, or a run does not count.
pub async fn measure(options: &Logins) -> Result<Figure> {
    let before = load_average()?;
    let system = whole::instance(options.bin.as_deref()).await?;
    let client = Client::new(&system.url())?;
    let members = whole::log_in(&client).await?;
    let address = whole::address(&system.url())?;
    let run = async |name: String| {
        let room = members[0].create_room(&name, &[USER2.id, USER3.id]).await?;
        let visitors = members.iter().cycle().take(options.subscribers);
        let visitors = visitors.map(|member| whole::visitor(member, room));
        let scene = Scene {
            sender: &members[0],
            room,
            address,
            visitors: visitors.collect::<Result<_>>()?,
        };
        latency::run(scene, options.pace).await
    };
    let (mut calm, mut busy, mut outcome) = (Vec::new(), Vec::new(), Outcome::default());
    for pair in 1..=options.pace.runs {
        calm.push(run(format!("Calm {pair}")).await?);
        let is_over = Cell::new(false);
        let measuring = async {
            let run = run(format!("Busy {pair}")).await;
            is_over.set(true);
            run
        };
        let (run, logins) = tokio::join!(measuring, log_in(&client, options.logins, &is_over));
        busy.push(run?);
        let logins = logins?;
        outcome.accepted += logins.accepted;
        outcome.refused += logins.refused;
    }
    let p99 = |run: &Run| run.each.p99;
    let ratios = busy
        .iter()
        .zip(&calm)
        .map(|(busy, calm)| p99(busy) / p99(calm));
    let none = "at least one pair is needed";
    Ok(Figure {
        options: options.clone(),
        ratio: Spread::of(ratios).context(none)?,
        calm: QuantileSpread::of(calm.iter().map(|run| run.each)).context(none)?,
        busy: QuantileSpread::of(busy.iter().map(|run| run.each)).context(none)?,
        outcome,
        load_average: [before, load_average()?],
    })
}

/// Logs in so often a second, open loop, until it is over.
async fn log_in(client: &Client, rate: u64, is_over: &Cell<bool>) -> Result<Outcome> {
    let body = Rc::new(json!({"username": USER1.username, "password": USER1.password}));
    let (begun, mut asked, mut number) = (Instant::now(), JoinSet::new(), 0);
    while !is_over.get() {
        let (client, body) = (client.clone(), Rc::clone(&body));
        asked.spawn_local(async move { client.post("/auth/login", &body).await });
        number += 1;
        sleep_until(begun + due(number, rate)).await;
    }
    let mut outcome = Outcome::default();
    while let Some(answer) = asked.join_next().await {
        match answer?? {
            answer if answer.status == 200 => outcome.accepted += 1,
            answer if answer.status == 503 => outcome.refused += 1,
            answer => bail!("a login was answered with {answer:?}"),
        }
    }
    Ok(outcome)
}
