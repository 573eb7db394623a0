//! How many connections to a store are open, for operators.

use super::{Figures, amount};

const OPEN: &str = "colloquy_store_connections";
const MOST: &str = "colloquy_store_connections_max";

/// The connections of one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Those that do something.
    pub used: u64,
    /// Those that wait to be used.
    pub idle: u64,
}

impl Figures {
    /// Shows operators how many connections a pool to this store has, for these users, and how many it may have.
    pub fn show_connections(
        &self,
        store: &'static str,
        users: &'static str,
        most: u32,
        count: impl Fn() -> Connections + Send + Sync + 'static,
    ) {
        metrics::describe_gauge!(
            OPEN,
            "Connections to a store that are open, used or idle; of MongoDB, to its busiest server."
        );
        metrics::describe_gauge!(MOST, "Connections to a store that may be open at once.");
        metrics::gauge!(MOST, "store" => store, "users" => users).set(f64::from(most));
        self.look_up(move || {
            let Connections { used, idle } = count();
            for (state, connections) in [("used", used), ("idle", idle)] {
                metrics::gauge!(OPEN, "store" => store, "users" => users, "state" => state)
                    .set(amount(connections));
            }
        });
    }
}
