//! A real mail server takes what is sent.

use std::{fs, path::PathBuf, time::Duration};

use colloquy_mail::mail_transport::smtp::{Credentials, SmtpSettings, SmtpTransport, TlsMode};
use colloquy_service_api::{Mailer as _, mailer::Mail};
use uuid::Uuid;

use crate::{
    letters::{decoded, header},
    parts::{Embedded, mail},
    scripted_server::transport,
};

fn part(name: &str) -> String {
    std::env::var(name).expect("run the tests with `cargo xtask test`, which starts the real parts")
}

/// The messages that have come for a recipient.
fn inbox(recipient: &str) -> Vec<String> {
    let folder = PathBuf::from(part("COLLOQUY_TEST_SMTP_DIR")).join("new");
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| fs::read(entry.unwrap().path()).ok())
        .map(|message| String::from_utf8_lossy(&message).replace("\r\n", "\n"))
        .map(|message| message.replace('\n', "\r\n"))
        .filter(|message| message.contains(recipient))
        .collect()
}

/// The messages for a recipient, once there is one.
async fn arrived(recipient: &str) -> Vec<String> {
    let arriving = async {
        loop {
            let inbox = inbox(recipient);
            if !inbox.is_empty() {
                return inbox;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), arriving)
        .await
        .unwrap()
}

#[tokio::test]
async fn f24_a_mail_server_takes_a_mail_once() {
    let address = part("COLLOQUY_TEST_SMTP").parse().unwrap();
    let recipient = format!("an-{}@example.com", Uuid::new_v4().simple());
    let sending = Embedded::sending(transport(address)).await;
    let mail = Mail {
        subject: "Mã của bạn".to_owned(),
        ..mail(&recipient)
    };
    sending.service.send(&mail).await.unwrap();
    sending.until_empty().await;
    let inbox = arrived(&recipient).await;
    assert_eq!(inbox.len(), 1);
    assert_eq!(header(&inbox[0], "To"), recipient);
    assert_eq!(decoded(&header(&inbox[0], "Subject")), "Mã của bạn");
    assert!(inbox[0].contains("your code is 123456."));
}

#[tokio::test]
async fn a_password_and_a_mail_go_over_tls_in_both_ways() {
    for (port, tls) in [
        ("COLLOQUY_TEST_TLS_SMTP", TlsMode::StartTls),
        ("COLLOQUY_TEST_TLS_SMTPS", TlsMode::Tls),
    ] {
        let transport = SmtpTransport::new(SmtpSettings {
            host: "localhost".to_owned(),
            port: part(port).parse().unwrap(),
            tls,
            ca_file: Some(PathBuf::from(part("COLLOQUY_TEST_TLS")).join("ca.pem")),
            credentials: Some(Credentials {
                username: "colloquy".to_owned(),
                password: part("COLLOQUY_TEST_TLS_PASSWORD").into(),
            }),
        });
        let recipient = format!("an-{}@example.com", Uuid::new_v4().simple());
        let sending = Embedded::sending(transport.unwrap()).await;
        sending.service.send(&mail(&recipient)).await.unwrap();
        sending.until_empty().await;
        assert_eq!(arrived(&recipient).await.len(), 1, "{tls:?}");
    }
}
