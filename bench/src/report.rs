//! The figures, as the page of results has them.

pub mod goals;
mod growth;
mod latency;
mod width;

use self::goals::{Goal, Section};
use crate::{
    figures::{delivery, durable, idle, idle_processes, saturation, start, writes},
    measure::machine::Machine,
};

pub use self::{
    growth::{growth, memory, memory_processes, page},
    latency::{distributed_latency, embedded_latency, logins},
    width::{million, width},
};

/// CPU per delivery.
#[must_use]
pub fn delivery(figure: &delivery::Figure) -> Section {
    let delivery::Figure {
        options,
        push,
        baseline,
        whole,
        ratio,
        load_average: [before, after],
    } = figure;
    let a_second = options.deliveries(options.messages()) / options.seconds.max(1);
    let text = format!(
        "### CPU per delivery (G3)\n\n\
         {} connections in {} rooms, {} messages/s of 200 octets, {a_second} deliveries/s, {} s a run, {} interleaved runs \
         of each. Every run delivered 100 %, without a gap, a repeat or a reorder. Load average before {before}, after {after}.\n\n\
         | server | µs of CPU per delivery, median (min – max) | of that in the kernel |\n|---|---|---|\n{}{}{}\n\
         **Push side ÷ broadcaster: {ratio}** (goal {}): {}.\n",
        options.connections,
        options.rooms.rooms,
        options.rate,
        options.seconds,
        options.pairs,
        delivery_row("raw tokio broadcaster", baseline),
        delivery_row("push side: log → fan-out → STOMP → sockets", push),
        delivery_row(
            "whole all-in-one process, from the POST to the sockets",
            whole
        ),
        goals::DELIVERY,
        goals::DELIVERY.verdict(ratio.median),
    );
    Section {
        text,
        standings: vec![goals::DELIVERY.standing(ratio.median, ratio)],
    }
}

/// CPU per delivery when saturated.
#[must_use]
pub fn saturation(figure: &saturation::Figure) -> Section {
    let saturation::Figure {
        options,
        push,
        baseline,
        ratio,
        load_average: [before, after],
    } = figure;
    let text = format!(
        "### CPU per delivery when saturated (G4)\n\n\
         {} connections in {} rooms; bursts of {} messages of 200 octets a room, two of them on their way at any time, {} s a \
         run, {} interleaved runs of each. Every run delivered 100 %, without a gap, a repeat or a reorder. Load average before \
         {before}, after {after}.\n\n\
         | server | µs of CPU per delivery, median (min – max) | of that in the kernel |\n|---|---|---|\n{}{}\n\
         **Push side ÷ broadcaster: {ratio}** (goal {}): {}.\n",
        options.connections,
        options.rooms.rooms,
        options.burst,
        options.pairs.seconds,
        options.pairs.pairs,
        delivery_row(
            "raw tokio broadcaster, one write for all frames that wait",
            baseline
        ),
        delivery_row("push side", push),
        goals::SATURATION,
        goals::SATURATION.verdict(ratio.median),
    );
    Section {
        text,
        standings: vec![goals::SATURATION.standing(ratio.median, ratio)],
    }
}

fn delivery_row(name: &str, side: &delivery::Side) -> String {
    let kernel = side.kernel_share.median * 100.0;
    format!("| {name} | {} | {kernel:.0} % |\n", side.micros)
}

/// Memory per idle connection and CPU per connect.
#[must_use]
pub fn idle(figure: &idle::Figure) -> Section {
    let idle::Figure {
        options,
        push,
        baseline,
        load_average: [before, after],
    } = figure;
    let row = |name: &str, side: &idle::Side| {
        let idle::Side {
            fresh_kib,
            rested_kib,
            connect_micros,
        } = side;
        format!("| {name} | {fresh_kib} | {rested_kib} | {connect_micros} |\n")
    };
    let text = format!(
        "### Memory of an idle connection (G7) and CPU of a connect (G8)\n\n\
         {} connections, {} interleaved runs of each; on the push side each with a token of a customer of its own, one room \
         subscribed, heart-beats every 10 s. Load average before {before}, after {after}.\n\n\
         | server | KiB (Pss) a connection, just subscribed | after {} s idle | µs of CPU to connect, authenticate, subscribe |\n\
         |---|---|---|---|\n{}{}\n\
         Goals: {}: {}; {}: {}.\n",
        options.idle_connections,
        options.idle_pairs,
        options.idle_seconds,
        row(
            "raw tokio broadcaster (no token, no STOMP, no timers)",
            baseline
        ),
        row("push side", push),
        goals::CONNECTION,
        goals::CONNECTION.verdict(push.rested_kib.median),
        goals::CONNECT,
        goals::CONNECT.verdict(push.connect_micros.median),
    );
    Section {
        text,
        standings: vec![
            goals::CONNECTION.standing(push.rested_kib.median, push.rested_kib),
            goals::CONNECT.standing(push.connect_micros.median, push.connect_micros),
        ],
    }
}

/// CPU and memory of a system without clients.
#[must_use]
pub fn idle_processes(figure: &idle_processes::Figure) -> String {
    let idle_processes::Figure {
        options,
        ours,
        parts,
        load_average: [before, after],
    } = figure;
    let row =
        |name: &str, seconds: f64, mib: f64| format!("| {name} | {seconds:.3} | {mib:.1} |\n");
    let table = |sum: &str, rows: &[idle_processes::Row]| {
        let lines = rows.iter().map(|one| row(&one.name, one.seconds, one.mib));
        let total = |of: fn(&idle_processes::Row) -> f64| rows.iter().map(of).sum();
        let sum = row(sum, total(|one| one.seconds), total(|one| one.mib));
        lines.chain([sum]).collect::<String>()
    };
    format!(
        "### An idle system\n\n\
         Load average before {before}, after {after}.\n\n\
         | process | s of CPU in {} s | MiB (Pss) |\n|---|---|---|\n{}{}",
        options.seconds,
        table("**ours**", ours),
        table("**parts**", parts),
    )
}

/// Durable sends, and the CPU of each.
#[must_use]
pub fn writes(figure: &writes::Figure) -> String {
    let writes::Figure {
        options,
        rows,
        load_average: [before, after],
    } = figure;
    let line = |name: &str, cell: &dyn Fn(&writes::Row) -> String| {
        let cells = rows.iter().map(|row| format!(" {} |", cell(row)));
        format!("| {name} |{}\n", cells.collect::<String>())
    };
    let processes = rows.first().map_or(0, |row| row.millis.len());
    let of_process = |number: usize| {
        let name = &rows[0].millis[number].0;
        line(name, &|row| format!("{:.3}", row.millis[number].1))
    };
    format!(
        "### Durable sends\n\n\
         200 octets each, {} s for each number. Load average before {before}, after {after}.\n\n{}{}{}{}",
        options.seconds,
        line("sends on their way", &|row| row.in_flight.to_string()),
        format_args!("|---|{}\n", "---|".repeat(rows.len())),
        line("**sends/s**", &|row| format!("{:.0}", row.per_second)),
        format_args!(
            "{}{}",
            line("ms of CPU a send", &|_| String::new()),
            (0..processes).map(of_process).collect::<String>()
        ),
    )
}

/// Durable sends on PostgreSQL.
#[must_use]
pub fn on_postgres(figure: &durable::Figure) -> Section {
    let title = "Durable sends on PostgreSQL (G9)";
    let baseline = "`pgbench`, 32 clients, message and outbox row in one statement";
    durable(title, baseline, figure, &goals::ON_POSTGRES)
}

/// Durable sends on embedded stores.
#[must_use]
pub fn embedded(figure: &durable::Figure) -> Section {
    let title = "Durable sends on embedded stores (G11)";
    let baseline =
        "SQLite, WAL, `synchronous=FULL`: message and outbox row a transaction, in a loop";
    durable(title, baseline, figure, &goals::EMBEDDED)
}

fn durable(title: &str, baseline: &str, figure: &durable::Figure, goal: &Goal) -> Section {
    let durable::Figure {
        pairs,
        in_flight,
        ours,
        baseline: least,
        ratio,
        load_average: [before, after],
    } = figure;
    let text = format!(
        "### {title}\n\n\
         200 octets each, {} interleaved runs of each, {} s a run. Load average before {before}, after {after}.\n\n\
         | | commits a second, median (min – max) |\n|---|---|\n\
         | Colloquy, {in_flight} sends on their way | {ours} |\n| {baseline} | {least} |\n\n\
         **Colloquy ÷ baseline: {ratio}** (goal {goal}): {}.\n",
        pairs.pairs,
        pairs.seconds,
        goal.verdict(ratio.median),
    );
    Section {
        text,
        standings: vec![goal.standing(ratio.median, ratio)],
    }
}

/// From the start to ready.
#[must_use]
pub fn start(figure: &start::Figure) -> Section {
    let start::Figure {
        options,
        millis,
        load_average: [before, after],
    } = figure;
    let text = format!(
        "### From the start to ready (G17)\n\n\
         All-in-one with {} messages, killed before each of {} starts. Load average before {before}, after {after}.\n\n\
         **{millis} ms** (goal {}): {}.\n",
        options.messages,
        options.starts,
        goals::START,
        goals::START.verdict(millis.median),
    );
    Section {
        text,
        standings: vec![goals::START.standing(millis.median, millis)],
    }
}

/// What all figures are of.
#[must_use]
pub fn introduction(machine: &Machine) -> String {
    let Machine {
        cores,
        processor,
        kernel,
        memory_gib,
    } = machine;
    format!(
        "Machine: {cores} cores, {processor}, {memory_gib} GiB, Linux {kernel}. Colloquy {}, release build. \
         Client and server share the cores.\n",
        env!("CARGO_PKG_VERSION")
    )
}
