//! Whether mails reach their recipients.

use std::time::Duration;

use colloquy_chassis::{ServiceName, answer::chain};
use colloquy_mail::mail_transport::{
    TransportError,
    smtp::{SmtpTransport, TlsMode},
};

use super::{finding::Finding, store::refused};
use crate::settings::{Settings, addresses::is_this_machine, stores::smtp_names};

const MAIL: &str = "mail";
const TIMEOUT: Duration = Duration::from_secs(5);
const NAME_A_SERVER: &str = "set mail.smtp_host to your mail server";

/// Without a mail server an all-in-one system keeps mails in its folder.
pub async fn all_in_one(settings: &Settings) -> Finding {
    if !settings.mail.smtp_host.is_empty() {
        return server(settings).await;
    }
    if settings.http.public_url.is_none() {
        return Finding::ok(
            MAIL,
            "mails stay in the data folder, and are shown at /dev/mail on loopback",
        );
    }
    Finding::warn(
        MAIL,
        "mail.smtp_host is empty, so mails stay in the data folder and no code for a forgotten password arrives",
        NAME_A_SERVER,
    )
}

pub async fn distributed(settings: &Settings, service: Option<ServiceName>) -> Vec<Finding> {
    if service.is_some_and(|service| service != ServiceName::Mail) {
        return Vec::new();
    }
    if settings.mail.smtp_host.is_empty() {
        let found = "mail.smtp_host is empty, so the mail service does not start";
        return vec![Finding::fail(MAIL, found, NAME_A_SERVER)];
    }
    vec![server(settings).await]
}

/// Connects and logs in as for a mail, and sends none.
async fn server(settings: &Settings) -> Finding {
    let mail = &settings.mail;
    let server = format!("{}:{}", mail.smtp_host, mail.smtp_port);
    let smtp = match settings.smtp() {
        Ok(Some(smtp)) => smtp,
        Ok(None) => return Finding::fail(MAIL, "mail.smtp_host is empty", NAME_A_SERVER),
        Err(error) => return Finding::fail(MAIL, chain(&error), "correct mail.smtp_ca_file"),
    };
    let transport = match SmtpTransport::new(smtp) {
        Ok(transport) => transport.with_timeout(TIMEOUT),
        Err(error) => return Finding::fail(MAIL, chain(&error), "change mail.smtp_tls"),
    };
    if let Err(error) = transport.check().await {
        return refused(MAIL, &server, &error, &smtp_names()).unwrap_or_else(|| {
            let (TransportError::NotNow(why) | TransportError::Refused(why)) = error;
            Finding::fail(
                MAIL,
                format!("{server} takes no mail: {why}"),
                "check mail.smtp_host, smtp_port, smtp_tls, username and password",
            )
        });
    }
    let tls = match mail.smtp_tls {
        TlsMode::Tls => "over TLS",
        TlsMode::StartTls => "over STARTTLS",
        TlsMode::None if is_this_machine(&mail.smtp_host) => "without TLS, on this machine",
        TlsMode::None => {
            return Finding::warn(
                MAIL,
                format!("{server} takes mails without TLS, so codes for passwords travel readable"),
                "set mail.smtp_tls to \"starttls\" or \"tls\"",
            );
        }
    };
    Finding::ok(MAIL, format!("{server} takes mails {tls}"))
}
