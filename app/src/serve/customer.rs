//! Customer management as a process.

use std::{num::NonZeroUsize, sync::Arc};

use colloquy_customer::{Customers, HashingPool, customer_store::postgres::PostgresCustomerStore};
use colloquy_sql::postgres;

use crate::{
    process::Process,
    settings::services::{HASHING_QUEUE, passwords},
    waiting::wait_for,
};

const CONNECTIONS: u32 = 8;

pub async fn run(process: Process) -> anyhow::Result<()> {
    let pool = postgres::pool(&process.settings.accounts.url, CONNECTIONS)?;
    let store = wait_for("postgres", &process.readiness, async || {
        PostgresCustomerStore::open(pool.clone()).await
    })
    .await?;
    let hashing = HashingPool::start(NonZeroUsize::MIN, HASHING_QUEUE)?;
    let customers = Customers::new(
        Arc::new(store),
        hashing,
        passwords(&process.settings),
        Arc::clone(&process.clock),
    );
    if process.settings.accounts.seed_demo_customers == Some(true) {
        customers.seed_demo().await?;
    }
    process
        .serve_internal(colloquy_customer::router(customers))
        .await
}
