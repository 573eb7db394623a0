//! How many connections to a store are open, for operators.

use colloquy_chassis::figures::{Connections, Figures};
use sqlx::{Database, Pool};

/// Shows operators how many connections of this pool are used and how many wait to be, whenever they ask.
pub fn show<DB: Database>(
    pool: &Pool<DB>,
    store: &'static str,
    users: &'static str,
    figures: &Figures,
) {
    let most = pool.options().get_max_connections();
    let pool = pool.clone();
    figures.show_connections(store, users, most, move || {
        let idle = pool.num_idle() as u64;
        Connections {
            used: u64::from(pool.size()).saturating_sub(idle),
            idle,
        }
    });
}
