//! How many connections to a store are open, for operators.

use colloquy_chassis::figures::{self, Figures};
use sqlx::{Database, Pool};

const OPEN: &str = "colloquy_store_connections";
const MOST: &str = "colloquy_store_connections_max";

/// Shows operators how many connections of this pool are used and how many wait to be, whenever they ask.
pub fn show<DB: Database>(
    pool: &Pool<DB>,
    store: &'static str,
    users: &'static str,
    figures: &Figures,
) {
    metrics::describe_gauge!(OPEN, "Connections to a store that are open, used or idle.");
    metrics::describe_gauge!(MOST, "Connections to a store that may be open at once.");
    let most = figures::amount(pool.options().get_max_connections().into());
    metrics::gauge!(MOST, "store" => store, "users" => users).set(most);
    let pool = pool.clone();
    figures.look_up(move || {
        let idle = pool.num_idle() as u64;
        let used = u64::from(pool.size()).saturating_sub(idle);
        for (state, connections) in [("used", used), ("idle", idle)] {
            metrics::gauge!(OPEN, "store" => store, "users" => users, "state" => state)
                .set(figures::amount(connections));
        }
    });
}
