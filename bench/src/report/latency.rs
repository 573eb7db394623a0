//! How late what clients wait for is.

use super::goals::{self, Section};
use crate::{
    figures::{latency, logins},
    measure::QuantileSpread,
};

/// Send to the last of the members, all-in-one.
#[must_use]
pub fn embedded_latency(figure: &latency::Figure) -> Section {
    let last = &figure.last;
    let commit = figure.commit.map_or(0.0, |commit| commit.median);
    let [p50, p99] = [last.p50, last.p99].map(|spread| spread.median - commit);
    let shown = |figure: f64| format!("{figure:.2}");
    let [half, most] = [&goals::LAST_MEMBER, &goals::LAST_MEMBER_P99];
    let verdicts = format!(
        "**To the last member without the commit, medians of the runs: p50 {p50:.2} ms** (goal {half}): {}; \
         **p99 {p99:.2} ms** (goal {most}): {}.\n",
        half.verdict(p50),
        most.verdict(p99),
    );
    Section {
        text: latency("Send to the last member (G12)", "All-in-one", figure) + &verdicts,
        standings: vec![
            half.standing(p50, shown(p50)),
            most.standing(p99, shown(p99)),
        ],
    }
}

/// Send to the subscribers, distributed.
#[must_use]
pub fn distributed_latency(figure: &latency::Figure) -> Section {
    let title = "Send to the subscribers, distributed (G13)";
    let QuantileSpread { p50, p99 } = figure.each;
    let [half, most] = [&goals::THROUGH_NGINX, &goals::THROUGH_NGINX_P99];
    let verdicts = format!(
        "**Each client: p50 {p50} ms** (goal {half}): {}; **p99 {p99} ms** (goal {most}): {}.\n",
        half.verdict(p50.median),
        most.verdict(p99.median),
    );
    let system = "Through nginx, PostgreSQL and Kafka, sends and sockets alike";
    Section {
        text: latency(title, system, figure) + &verdicts,
        standings: vec![
            half.standing(p50.median, p50),
            most.standing(p99.median, p99),
        ],
    }
}

fn latency(title: &str, system: &str, figure: &latency::Figure) -> String {
    let latency::Figure {
        pace,
        clients,
        answered,
        each,
        last,
        commit,
        load_average: [before, after],
    } = figure;
    let row = |name: &str, waits: &QuantileSpread| {
        format!("| {name} | {} | {} |\n", waits.p50, waits.p99)
    };
    let commit = commit.map_or_else(String::new, |commit| {
        format!("| of that, the commit on average | {commit} | |\n")
    });
    format!(
        "### {title}\n\n\
         {system}: {} messages/s of 200 octets to {clients} clients of one room, {} s a run, {} runs. All times count from the \
         instant at which a message is due. Every run delivered 100 %, without a gap, a repeat or a reorder. Load average before \
         {before}, after {after}.\n\n\
         | ms until | p50, median of the runs (min – max) | p99 |\n|---|---|---|\n{}{}{}{commit}\n",
        pace.rate,
        pace.seconds,
        pace.runs,
        row("the send is answered", answered),
        row("a client has the message, each counted", each),
        row("the last client has it", last),
    )
}

/// Deliveries while passwords are hashed.
#[must_use]
pub fn logins(figure: &logins::Figure) -> Section {
    let logins::Figure {
        options,
        calm,
        busy,
        ratio,
        outcome,
        load_average: [before, after],
    } = figure;
    let row = |name: &str, waits: &QuantileSpread| {
        format!("| {name} | {} | {} |\n", waits.p50, waits.p99)
    };
    let text = format!(
        "### Deliveries while passwords are hashed (G16)\n\n\
         All-in-one: {} messages/s of 200 octets to {} clients of one room, {} s a run, {} interleaved runs of each. Of {} logins \
         {} were refused with 503. Load average before {before}, after {after}.\n\n\
         | ms until a client has the message | p50, median of the runs (min – max) | p99 |\n|---|---|---|\n{}{}\n\
         **p99 with logins ÷ without: {ratio}** (goal {}): {}.\n",
        options.pace.rate,
        options.subscribers,
        options.pace.seconds,
        options.pace.runs,
        outcome.accepted + outcome.refused,
        outcome.refused,
        row("without logins", calm),
        row(&format!("with {} logins/s", options.logins), busy),
        goals::LOGINS,
        goals::LOGINS.verdict(ratio.median),
    );
    Section {
        text,
        standings: vec![goals::LOGINS.standing(ratio.median, ratio)],
    }
}
