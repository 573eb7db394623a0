//! Customer management as a process.

use std::{num::NonZeroUsize, sync::Arc};

use colloquy_chassis::ServiceName;
use colloquy_customer::{
    Credentials, Customers, Dependencies, HashingPool, ResetTicket,
    customer_store::SqlCustomerStore,
};
use colloquy_sql::{connections, postgres};

use crate::{
    process::Process,
    settings::{services, stores::Section},
    waiting::wait_for,
};

const CONNECTIONS: u32 = 8;

pub async fn run(process: Process) -> anyhow::Result<()> {
    let pool = postgres::pool(process.settings.store(Section::Accounts)?, CONNECTIONS)?;
    connections::show(&pool, "postgres", "both", &process.figures);
    let store = wait_for(
        "postgres",
        &Section::Accounts.names(),
        &process.readiness,
        async || SqlCustomerStore::open(pool.clone()).await,
    )
    .await?;
    let hashing = HashingPool::start(NonZeroUsize::MIN, services::HASHING_QUEUE)?;
    let credentials = Credentials::new(Arc::new(store), hashing);
    let dependencies = Dependencies {
        codes: process.client(ServiceName::Otp)?,
        mailer: process.client(ServiceName::Mail)?,
        sessions: process.client(ServiceName::Auth)?,
        confirmations: process.redis()?,
        rooms: process.client(ServiceName::ChatQuery)?,
        new_ticket: ResetTicket::random,
    };
    let accounts = &process.settings.accounts;
    let without_ticket = accounts.reset_without_ticket.unwrap_or(false);
    let settings = services::customers(&process.settings, without_ticket);
    let clock = Arc::clone(&process.clock);
    let tasks = process.lifecycle.tasks();
    let customers = Customers::start(credentials, dependencies, settings, clock, &tasks);
    if accounts.seed_demo_customers == Some(true) {
        customers.seed_demo().await?;
    }
    process
        .serve_internal(colloquy_customer::router(customers))
        .await
}
