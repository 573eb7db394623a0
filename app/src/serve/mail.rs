//! Mail as a process.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use colloquy_mail::{
    MailService, mail_store::postgres::PostgresMailStore, mail_transport::smtp::SmtpTransport,
};
use colloquy_sql::{connections, postgres};

use crate::{
    process::Process,
    settings::{
        services,
        stores::{Section, smtp_names},
    },
    waiting::{wait_for, warn_if_refused},
};

const CONNECTIONS: u32 = 4;
/// Within which a mail server shows whether it takes our mails.
const REACH_TIMEOUT: Duration = Duration::from_secs(4);

pub async fn run(process: Process) -> anyhow::Result<()> {
    let settings = services::mail(&process.settings)?;
    let server = process.settings.smtp()?;
    let server = server.context("bad setting: mail.smtp_host must name the mail server")?;
    let transport = SmtpTransport::new(server)?;
    let server = transport.clone().with_timeout(REACH_TIMEOUT);
    warn_if_refused(&process.lifecycle.tasks(), smtp_names(), move || {
        let server = server.clone();
        async move { server.check().await }
    });
    let pool = postgres::pool(process.settings.store(Section::Mail)?, CONNECTIONS)?;
    connections::show(&pool, "postgres", "both", &process.figures);
    let store = wait_for(
        "postgres",
        &Section::Mail.names(),
        &process.readiness,
        async || PostgresMailStore::open(pool.clone()).await,
    )
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
