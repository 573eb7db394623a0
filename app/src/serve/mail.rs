//! Mail as a process.

use std::sync::Arc;

use anyhow::Context as _;
use colloquy_mail::{
    MailService, mail_store::postgres::PostgresMailStore, mail_transport::smtp::SmtpTransport,
};
use colloquy_sql::{connections, postgres};

use crate::{process::Process, settings::services, waiting::wait_for};

const CONNECTIONS: u32 = 4;

pub async fn run(process: Process) -> anyhow::Result<()> {
    let settings = services::mail(&process.settings)?;
    let server = services::smtp(&process.settings)
        .context("bad setting: mail.smtp_host must name the mail server")?;
    let transport = SmtpTransport::new(server)?;
    let pool = postgres::pool(&process.settings.mail.url, CONNECTIONS)?;
    connections::show(&pool, "postgres", "both", &process.figures);
    let store = wait_for("postgres", &process.readiness, async || {
        PostgresMailStore::open(pool.clone()).await
    })
    .await?;
    let mail = MailService::new(
        Arc::new(store),
        &process.keys.mail_seal()?,
        Arc::new(transport),
        Arc::clone(&process.clock),
        settings,
    );
    mail.start_sending(&process.lifecycle.tasks());
    process.serve_internal(colloquy_mail::router(mail)).await
}
