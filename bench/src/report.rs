//! The figures on the page of results. Their explanation is written by hand, around the part made here.

use std::fs;

use anyhow::{Context as _, Result};

use crate::{
    cli::All,
    figures::{delivery, idle, idle_processes, writes},
    measure::machine::Machine,
};

const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->\n";

/// Measures everything and puts it into the page.
///
/// # Errors
/// A figure could not be measured, or the page lacks the marks around its results.
pub async fn all(options: &All) -> Result<()> {
    let page = fs::read_to_string(&options.page)
        .with_context(|| format!("cannot read {}", options.page.display()))?;
    let machine = Machine::this()?;
    let delivery = self::delivery(&delivery::measure(&options.delivery).await?);
    let idle = self::idle(&idle::measure(&options.idle).await?);
    let measured = format!("{}\n{delivery}\n{idle}", introduction(&machine));
    let page = replaced(&page, &measured).context("the page has no marks around its results")?;
    fs::write(&options.page, page)?;
    Ok(())
}

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
         **Push side ÷ broadcaster: {ratio}** (goal ≤ 1.5, beyond ≤ 1.2).\n",
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
         Goals: ≤ 10 KiB, beyond ≤ 4; ≤ 500 µs, beyond ≤ 250.\n",
        options.idle_connections,
        options.idle_pairs,
        options.idle_seconds,
        row(
            "raw tokio broadcaster (no token, no STOMP, no timers)",
            baseline
        ),
        row("push side", push),
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

fn introduction(machine: &Machine) -> String {
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

fn replaced(page: &str, measured: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{measured}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let page = format!("# Title\n\n{BEGIN}\nold\n\n{END}\nBy hand.\n");
        let expected = format!("# Title\n\n{BEGIN}\nnew\n\n{END}\nBy hand.\n");
        assert_eq!(replaced(&page, "new\n"), Some(expected));
        assert_eq!(replaced("# Title\n", "new"), None);
    }
}
