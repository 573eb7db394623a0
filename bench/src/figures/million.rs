//! From one node to a million connections, by simulation: one stream of messages, read by as many nodes as the connections need,
//! with the costs that were measured on one.
//!
//! Beside today's nodes, each of which reads every record, stands a system whose nodes take partitions: what is of a room is read
//! by the node of the room, and what is of a customer, under that customer's key, by the node that the customer is
//! connected to.

use crate::cli::Million;

/// Connected clients, row by row.
const CLIENTS: [u64; 6] = [1_000, 10_000, 100_000, 300_000, 1_000_000, 3_000_000];
/// The share of customers who are connected.
const ONLINE: f64 = 0.3;
/// The share of those who look at a room while it is written in: they get its messages and markers, and mark them read.
const LOOKING: f64 = 0.2;

/// How many members the room of a message has: at least, at most, and the share of such messages.
const SIZES: [(u64, u64, f64); 4] = [(2, 2, 0.5), (3, 12, 0.35), (13, 60, 0.13), (61, 500, 0.02)];

/// Octets of a record with its key and headers.
const MESSAGE_OCTETS: f64 = 600.0;
const MARKER_OCTETS: f64 = 220.0;
const FLAG_OCTETS: f64 = 240.0;
const VIEW_OCTETS: f64 = 500.0;
/// Each member of a view has an id and a flag in it.
const MEMBER_OCTETS: f64 = 25.0;

/// What came out.
#[derive(Debug)]
pub struct Figure {
    /// What was asked for.
    pub options: Million,
    /// One for each number of clients.
    pub rows: Vec<Row>,
}

/// A system of one size.
#[derive(Debug)]
pub struct Row {
    /// Connected clients.
    pub clients: u64,
    /// Nodes that they need by their memory and sockets.
    pub nodes: u64,
    /// Messages sent in a second, by all.
    pub messages: f64,
    /// Today's nodes.
    pub every_record: Node,
    /// Nodes that take partitions.
    pub partitions: Node,
}

/// What one of the nodes does in a second.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// Records that it reads.
    pub records: f64,
    /// The share of those that concern none of its clients.
    pub passed_over: f64,
    /// Cores that reading and passing over take.
    pub reading_cores: f64,
    /// Cores that its deliveries take.
    pub delivering_cores: f64,
    /// What the log sends to all nodes together, in Gbit/s.
    pub log_gbits: f64,
}

/// What one message leads to, on average.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    records: f64,
    octets: f64,
    /// Records that concern a client of a certain node.
    concerning: f64,
    deliveries: f64,
    /// The same with one record for each customer instead of one for all members.
    own_records: f64,
    own_octets: f64,
}

/// Simulates all rows.
#[must_use]
pub fn simulate(options: &Million) -> Figure {
    let row = |clients: u64| {
        let nodes = clients.div_ceil(options.per_node as u64).max(1);
        let load = Load::of_a_message(options, nodes);
        let messages = clients as f64 * options.messages_per_hour / 3_600.0;
        Row {
            clients,
            nodes,
            messages,
            every_record: every_record(options, &load, messages, nodes as f64),
            partitions: partitions(options, &load, messages, nodes as f64),
        }
    };
    Figure {
        options: options.clone(),
        rows: CLIENTS.map(row).into(),
    }
}

fn every_record(options: &Million, load: &Load, messages: f64, nodes: f64) -> Node {
    let records = messages * load.records;
    let passed_over = 1.0 - load.concerning / load.records;
    let micros = records * (options.read_micros + passed_over * options.pass_micros);
    Node {
        records,
        passed_over,
        reading_cores: micros / 1e6,
        delivering_cores: delivering(options, load, messages, nodes),
        log_gbits: messages * load.octets * nodes * 8.0 / 1e9,
    }
}

fn partitions(options: &Million, load: &Load, messages: f64, nodes: f64) -> Node {
    let records = messages * load.own_records / nodes;
    Node {
        records,
        passed_over: 0.0,
        reading_cores: records * options.read_micros / 1e6,
        delivering_cores: delivering(options, load, messages, nodes),
        log_gbits: messages * load.own_octets * 8.0 / 1e9,
    }
}

fn delivering(options: &Million, load: &Load, messages: f64, nodes: f64) -> f64 {
    messages * load.deliveries / nodes * options.deliver_micros / 1e6
}

impl Load {
    fn of_a_message(options: &Million, nodes: u64) -> Self {
        let mut random = Random(7);
        let mut sum = Self::default();
        for _ in 0..options.messages {
            sum.add(&mut random, nodes);
        }
        let each = |sum: f64| sum / options.messages.max(1) as f64;
        Self {
            records: each(sum.records),
            octets: each(sum.octets),
            concerning: each(sum.concerning),
            deliveries: each(sum.deliveries),
            own_records: each(sum.own_records),
            own_octets: each(sum.own_octets),
        }
    }

    /// One message more: who of its room is connected, where, and who looks at it. The first member is the sender.
    fn add(&mut self, random: &mut Random, nodes: u64) {
        let size = random.size();
        let mut online = vec![random.below(nodes)];
        let mut looking = online.clone();
        for _ in 1..size {
            if random.share() < ONLINE {
                let node = random.below(nodes);
                online.push(node);
                if random.share() < LOOKING {
                    looking.push(node);
                }
            }
        }
        let (members, readers) = (online.len() as f64, looking.len() as f64 - 1.0);
        // A certain node is concerned as often as all are on average.
        let concerned = |mut nodes_of: Vec<u64>| {
            nodes_of.sort_unstable();
            nodes_of.dedup();
            nodes_of.len() as f64 / nodes as f64
        };
        let view_octets = VIEW_OCTETS + MEMBER_OCTETS * size as f64;
        self.records += 2.0 + 2.0 * readers;
        self.octets += MESSAGE_OCTETS + view_octets + readers * (MARKER_OCTETS + FLAG_OCTETS);
        // Flags are decoded wherever they are read.
        self.concerning += concerned(looking) * (1.0 + readers) + concerned(online) + readers;
        self.deliveries += (readers + 1.0) * (1.0 + readers) + members + readers;
        self.own_records += 1.0 + readers + members + readers;
        self.own_octets += MESSAGE_OCTETS
            + readers * (MARKER_OCTETS + FLAG_OCTETS)
            + members * (VIEW_OCTETS + MEMBER_OCTETS);
    }
}

/// The same numbers each time (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn size(&mut self) -> u64 {
        let mut share = self.share();
        for (least, most, of) in SIZES {
            if share < of {
                return least + self.below(most - least + 1);
            }
            share -= of;
        }
        SIZES[0].0
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn simulated() -> Vec<Row> {
        let Command::Million(options) = Cli::parse_from(["bench", "million"]).command else {
            panic!("the simulation was asked for");
        };
        simulate(&options).rows
    }

    #[test]
    fn what_one_node_reads_concerns_it_and_of_what_forty_read_most_does_not() {
        let rows = simulated();
        let forty = rows.iter().find(|row| row.nodes == 40).expect("a million");
        assert!(rows[0].every_record.passed_over < 0.01);
        assert!(forty.every_record.passed_over > 0.5);
    }

    #[test]
    fn the_log_sends_a_hundred_times_as_much_to_ten_times_the_nodes() {
        let rows = simulated();
        let of = |clients| rows.iter().find(|row| row.clients == clients).unwrap();
        let (few, many) = (of(100_000), of(1_000_000));
        let grows = |of: fn(&Row) -> &Node| of(many).log_gbits / of(few).log_gbits;
        assert!((90.0..110.0).contains(&grows(|row| &row.every_record)));
        assert!((9.0..11.0).contains(&grows(|row| &row.partitions)));
    }
}
