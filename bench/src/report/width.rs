//! How wide a node is, and what follows from it for a million connections.

use crate::figures::{
    million,
    width::{self, lanes::MODELLED},
};

/// Records that are passed over, and lanes.
#[must_use]
pub fn width(figure: &width::Figure) -> String {
    let width::Figure {
        options,
        passed_over,
        delivered,
        read,
        views,
        lanes,
        load_average: [before, after],
    } = figure;
    let row = |row: &width::Row| {
        let width::Row {
            name,
            before,
            after,
            ratio,
        } = row;
        format!("| {name} | {before} | {after} | {ratio} |\n")
    };
    let read = read.map_or_else(String::new, |read| {
        format!("Reading one from Kafka before that, librdkafka's threads included: {read} µs.\n\n")
    });
    format!(
        "### CPU of a record\n\n\
         {} records of each kind, {} interleaved runs; clients of the node follow {} other rooms. Load average before {before}, \
         after {after}.\n\n\
         | passed over | µs decoded, as before | µs as now | before ÷ now |\n|---|---|---|---|\n{}\
         | **delivered to {} subscribers, without sockets** | | | |\n{}\n{read}\
         ### The fan-out with lanes\n\n{}{}",
        options.records,
        options.pairs,
        options.followed,
        passed_over.iter().map(row).collect::<String>(),
        options.subscribers,
        row(delivered),
        fan_out(options.subscribers, lanes),
        stored(views),
    )
}

fn stored(rows: &[width::views::Row]) -> String {
    let line = |row: &width::views::Row| {
        let width::views::Row {
            events,
            whole,
            split,
            ratio,
        } = row;
        format!("| {events} | {whole} | {split} | {ratio} |\n")
    };
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\n### A batch of the projector in MongoDB\n\n\
         | events | ms in one piece, as it is | ms in six pieces at once, one a partition | one ÷ six |\n|---|---|---|---|\n{}",
        rows.iter().map(line).collect::<String>()
    )
}

fn fan_out(subscribers: usize, figure: &width::lanes::Figure) -> String {
    let side = |name: &str, side: &width::lanes::Side, ratio: &str| {
        format!(
            "| {name} | {} | {} | {ratio} |\n",
            side.kilo_frames, side.nanos
        )
    };
    let [one, two] = &figure.lanes;
    let modelled = MODELLED.map(|lanes| {
        let frames = figure.modelled(lanes, subscribers);
        format!("{lanes}: {frames:.0}")
    });
    format!(
        "{subscribers} subscribers a room, no sockets.\n\n\
         | fan-out | thousand frames/s | ns of CPU a frame | frames/s ÷ one task |\n|---|---|---|---|\n{}{}{}\n\
         The task that reads takes {} ns for each record that it shares. By these costs, each lane on a core of its own, thousand \
         frames/s with so many lanes: {}.\n",
        side("one task, as before", &figure.inline, "1"),
        side("one lane", one, &figure.ratios[0].to_string()),
        side("two lanes", two, &figure.ratios[1].to_string()),
        figure.share_nanos,
        modelled.join(", "),
    )
}

/// The table of the simulation.
#[must_use]
pub fn million(figure: &million::Figure) -> String {
    let options = &figure.options;
    let cells = |node: &million::Node| {
        format!(
            "{:.0} | {:.0} % | {:.2} | {:.2} | {:.2}",
            node.records,
            node.passed_over * 100.0,
            node.reading_cores,
            node.delivering_cores,
            node.log_gbits
        )
    };
    let rows = figure.rows.iter().map(|row| {
        let gib = row.clients as f64 / row.nodes as f64 * options.connection_kib / 1024.0 / 1024.0;
        format!(
            "| {} | {} | {gib:.2} | {:.0} | {} | {:.0} | {:.3} | {:.3} |\n",
            row.clients,
            row.nodes,
            row.messages,
            cells(&row.every_record),
            row.partitions.records,
            row.partitions.reading_cores,
            row.partitions.log_gbits
        )
    });
    format!(
        "{} messages an hour of each connected client, {} connections a node; {} µs to read a record, {} to pass it over, {} to \
         deliver a frame, {} KiB a connection.\n\n\
         | connections | nodes | GiB a node | messages/s | **today:** records/s a node reads | of those passed over | cores for \
         reading | cores for delivering | Gbit/s out of the log | **with partitions:** records/s a node reads | cores for reading | \
         Gbit/s out of the log |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n{}",
        options.messages_per_hour,
        options.per_node,
        options.read_micros,
        options.pass_micros,
        options.deliver_micros,
        options.connection_kib,
        rows.collect::<String>()
    )
}
