//! What the all-in-one process takes for a page, and what grows: with history, with rooms, with time.

use super::goals::{self, Goal, Section};
use crate::{
    figures::{growth, memory, page},
    measure::Spread,
};

/// CPU of a page of history.
#[must_use]
pub fn page(figure: &page::Figure) -> Section {
    let page::Figure {
        options,
        ours,
        select,
        handler,
        ratio,
        load_average: [before, after],
    } = figure;
    let text = format!(
        "### CPU of a page of history (G14)\n\n\
         All-in-one: the newest 20 of {} messages, {} interleaved runs of each, {} s a run. Load average before {before}, after \
         {after}.\n\n\
         | | µs of CPU, median (min – max) |\n|---|---|\n\
         | a page | {ours} |\n| the same SELECT in a loop | {select} |\n| a request to axum with an empty handler | {handler} |\n\n\
         **Page ÷ sum of both: {ratio}** (goal {}): {}.\n",
        options.messages,
        options.pairs.pairs,
        options.pairs.seconds,
        goals::PAGE,
        goals::PAGE.verdict(ratio.median),
    );
    Section {
        text,
        standings: vec![goals::PAGE.standing(ratio.median, ratio)],
    }
}

/// CPU of a page and of a send by the size of a room and of the system.
#[must_use]
pub fn growth(figure: &growth::Figure) -> Section {
    let growth::Figure {
        options,
        by_messages,
        by_rooms,
        plan,
        load_average: [before, after],
    } = figure;
    let of_messages = [
        goals::PAGE_BY_MESSAGES,
        goals::SEND_BY_MESSAGES,
        goals::MEMORY_BY_MESSAGES,
    ];
    let of_rooms = [
        goals::PAGE_BY_ROOMS,
        goals::SEND_BY_ROOMS,
        goals::MEMORY_BY_ROOMS,
    ];
    let ends = [ends(by_messages, of_messages), ends(by_rooms, of_rooms)].concat();
    let lines = ends.iter().map(|(goal, ratio, shown)| {
        format!(
            "- {}: {shown} (goal {goal}): {}.\n",
            goal.what,
            goal.verdict(*ratio)
        )
    });
    let steps = plan.iter().map(|step| format!("- `{step}`\n"));
    let text = format!(
        "### Growth (G18)\n\n\
         All-in-one, each size a process of its own; pages of 20 from all over a room, sends with their event, view and \
         announcements; {} rounds. Load average before {before}, after {after}.\n\n{}\n{}\n{}\n\
         How SQLite finds a page in the longest room:\n\n{}",
        options.rounds,
        table("messages of the room", by_messages),
        table("rooms, the measured one of 100 messages", by_rooms),
        lines.collect::<String>(),
        steps.collect::<String>(),
    );
    let standings = ends
        .iter()
        .map(|(goal, ratio, shown)| goal.standing(*ratio, shown));
    Section {
        text,
        standings: standings.collect(),
    }
}

/// A goal, the ratio that is held to it, and how the table shows that.
type End = (Goal, f64, String);

/// How the greatest size compares with the least.
fn ends(rows: &[growth::Row], [page, send, memory]: [Goal; 3]) -> Vec<End> {
    let (Some(least), Some(greatest)) = (rows.first(), rows.last()) else {
        return Vec::new();
    };
    let size = greatest.size;
    let of_cpu = |goal, ratio: Spread| (goal, ratio.median, format!("{ratio} at {size}"));
    let grown = greatest.mib / least.mib;
    vec![
        of_cpu(page, greatest.page_ratio),
        of_cpu(send, greatest.send_ratio),
        (memory, grown, format!("{grown:.2} at {size}")),
    ]
}

fn table(size: &str, rows: &[growth::Row]) -> String {
    let line = |row: &growth::Row| {
        let growth::Row {
            size,
            page,
            send,
            page_ratio,
            send_ratio,
            mib,
        } = row;
        format!("| {size} | {page} | {page_ratio} | {send} | {send_ratio} | {mib:.1} |\n")
    };
    format!(
        "| {size} | µs of CPU a page, median (min – max) | ÷ least | µs of CPU a send | ÷ least | MiB (Pss) at the end |\n\
         |---|---|---|---|---|---|\n{}",
        rows.iter().map(line).collect::<String>()
    )
}

/// Memory of the all-in-one process.
#[must_use]
pub fn memory(figure: &memory::Figure) -> Section {
    let memory::Figure {
        options,
        first_start,
        after_logins,
        rested,
        load_average: [before, after],
    } = figure;
    let goal = &goals::ALL_IN_ONE_MEMORY;
    let text = format!(
        "### Memory, all-in-one\n\n\
         {} starts, each on an empty folder, on which three accounts are made. Load average before {before}, after {after}.\n\n\
         | | MiB (Pss), median (min – max) |\n|---|---|\n\
         | ready for the first time | {first_start} |\n| after a hundred logins | {after_logins} |\n| 5 s later | {rested} |\n\n\
         Goal {goal} after a hundred logins: {}.\n",
        options.starts,
        goal.verdict(after_logins.median),
    );
    Section {
        text,
        standings: vec![goal.standing(after_logins.median, after_logins)],
    }
}

/// Memory of the processes of the distributed system.
#[must_use]
pub fn memory_processes(figure: &memory::Processes) -> Section {
    let memory::Processes {
        options,
        per_second,
        mib,
        load_average: [before, after],
    } = figure;
    let rows = mib
        .iter()
        .map(|(name, mib)| format!("| {name} | {mib:.1} |\n"));
    let goal = &goals::PROCESS_MEMORY;
    let largest = mib.iter().map(|(_, mib)| *mib).fold(0.0, f64::max);
    let text = format!(
        "### Memory, distributed, after a load\n\n\
         A hundred logins, then 32 sends on their way for {} s ({per_second:.0} a second), then lists of rooms for 2 s. Load \
         average before {before}, after {after}.\n\n\
         | process | MiB (Pss) |\n|---|---|\n{}\n\
         Goal {goal} each: {}.\n",
        options.seconds,
        rows.collect::<String>(),
        goal.verdict(largest),
    );
    Section {
        text,
        standings: vec![goal.standing(largest, format!("{largest:.1}"))],
    }
}
