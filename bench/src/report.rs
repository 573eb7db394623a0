//! The figures, as the page of results has them.

mod width;

use crate::{
    figures::{delivery, durable, idle, idle_processes, start, writes},
    measure::machine::Machine,
};

pub use self::width::{million, width};

/// CPU per delivery.
#[must_use]
pub fn delivery(figure: &delivery::Figure) -> String {
    let delivery::Figure {
        options,
        push,
        baseline,
        whole,
        ratio,
        load_average: [before, after],
    } = figure;
    let a_second = options.deliveries(options.messages()) / options.seconds.max(1);
    let row = |name: &str, side: &delivery::Side| {
        let kernel = side.kernel_share.median * 100.0;
        format!("| {name} | {} | {kernel:.0} % |\n", side.micros)
    };
    format!(
        "### CPU per delivery (G3)\n\n\
         {} connections in {} rooms, {} messages/s of 200 octets, {a_second} deliveries/s, {} s a run, {} interleaved runs \
         of each. Every run delivered 100 %, without a gap, a repeat or a reorder. Load average before {before}, after {after}.\n\n\
         | server | µs of CPU per delivery, median (min – max) | of that in the kernel |\n|---|---|---|\n{}{}{}\n\
         **Push side ÷ broadcaster: {ratio}** (goal ≤ 1.5, beyond ≤ 1.2): {}.\n",
        options.connections,
        options.rooms.rooms,
        options.rate,
        options.seconds,
        options.pairs,
        row("raw tokio broadcaster", baseline),
        row("push side: log → fan-out → STOMP → sockets", push),
        row(
            "whole all-in-one process, from the POST to the sockets",
            whole
        ),
        verdict(ratio.median, [1.5, 1.2]),
    )
}

/// Memory per idle connection and CPU per connect.
#[must_use]
pub fn idle(figure: &idle::Figure) -> String {
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
    format!(
        "### Memory of an idle connection (G7) and CPU of a connect (G8)\n\n\
         {} connections, {} interleaved runs of each; on the push side each with a token of a customer of its own, one room \
         subscribed, heart-beats every 10 s. Load average before {before}, after {after}.\n\n\
         | server | KiB (Pss) a connection, just subscribed | after {} s idle | µs of CPU to connect, authenticate, subscribe |\n\
         |---|---|---|---|\n{}{}\n\
         Goals: ≤ 10 KiB, beyond ≤ 4: {}; ≤ 500 µs, beyond ≤ 250: {}.\n",
        options.idle_connections,
        options.idle_pairs,
        options.idle_seconds,
        row(
            "raw tokio broadcaster (no token, no STOMP, no timers)",
            baseline
        ),
        row("push side", push),
        verdict(push.rested_kib.median, [10.0, 4.0]),
        verdict(push.connect_micros.median, [500.0, 250.0]),
    )
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
pub fn on_postgres(figure: &durable::Figure) -> String {
    let title = "Durable sends on PostgreSQL (G9)";
    let baseline = "`pgbench`, 32 clients, message and outbox row in one statement";
    durable(title, baseline, figure, [0.8, 1.5])
}

/// Durable sends on embedded stores.
#[must_use]
pub fn embedded(figure: &durable::Figure) -> String {
    let title = "Durable sends on embedded stores (G11)";
    let baseline =
        "SQLite, WAL, `synchronous=FULL`: message and outbox row a transaction, in a loop";
    durable(title, baseline, figure, [3.0, 6.0])
}

fn durable(title: &str, baseline: &str, figure: &durable::Figure, goals: [f64; 2]) -> String {
    let durable::Figure {
        pairs,
        in_flight,
        ours,
        baseline: least,
        ratio,
        load_average: [before, after],
    } = figure;
    let [goal, beyond] = goals;
    format!(
        "### {title}\n\n\
         200 octets each, {} interleaved runs of each, {} s a run. Load average before {before}, after {after}.\n\n\
         | | commits a second, median (min – max) |\n|---|---|\n\
         | Colloquy, {in_flight} sends on their way | {ours} |\n| {baseline} | {least} |\n\n\
         **Colloquy ÷ baseline: {ratio}** (goal ≥ {goal}, beyond ≥ {beyond}): {}.\n",
        pairs.pairs,
        pairs.seconds,
        verdict(-ratio.median, goals.map(|goal| -goal)),
    )
}

/// From the start to ready.
#[must_use]
pub fn start(figure: &start::Figure) -> String {
    let start::Figure {
        options,
        millis,
        load_average: [before, after],
    } = figure;
    format!(
        "### From the start to ready (G17)\n\n\
         All-in-one with {} messages, killed before each of {} starts. Load average before {before}, after {after}.\n\n\
         **{millis} ms** (goal ≤ 300, beyond ≤ 100): {}.\n",
        options.messages,
        options.starts,
        verdict(millis.median, [300.0, 100.0]),
    )
}

/// Whether a figure is at most its goal, and at most what lies beyond.
fn verdict(figure: f64, [goal, beyond]: [f64; 2]) -> &'static str {
    match figure {
        figure if figure <= beyond => "met, and beyond",
        figure if figure <= goal => "met",
        _ => "not met",
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

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn a_figure_is_held_to_its_goal_and_to_what_lies_beyond() {
        let said = [0.9, 1.0, 1.5, 1.6].map(|figure| verdict(figure, [1.5, 1.0]));
        assert_eq!(
            said,
            ["met, and beyond", "met, and beyond", "met", "not met"]
        );
    }
}
