//! Mail servers that are down, slow, or refuse (fault F24).

use std::time::Duration;

use colloquy_mail::{
    MailTransport as _,
    mail_transport::{
        TransportError,
        smtp::{Credentials, SmtpSettings, SmtpTransport, TlsMode},
    },
};
use colloquy_service_api::Mailer as _;
use tokio::{net::TcpListener, time::timeout};

use crate::{
    letters::letter,
    parts::{Embedded, mail},
    scripted_server::{
        Scene::{Answers, Greets, Hangs, Resets, Well},
        ScriptedServer, transport,
    },
};

#[tokio::test]
async fn f24_a_mail_is_tried_until_the_server_is_well_and_then_sent_once() {
    let scenes = [
        Greets("421 not now"),
        Greets("554 no service here"),
        Greets("this is no mail server"),
        Answers("EHLO", "421 busy"),
        Answers("MAIL", "451 greylisted"),
        Answers("MAIL", "530 log in first"),
        Answers("RCPT", "450 mailbox busy"),
        Answers("DATA", "421 going down"),
        Answers(".", "452 disk full"),
        Resets("RCPT"),
        Resets("."),
        Hangs("EHLO"),
        Hangs("."),
        Well,
    ];
    let mut server = ScriptedServer::start(scenes).await;
    let sending = Embedded::sending(server.transport()).await;
    sending.service.send(&mail("an@example.com")).await.unwrap();
    let taken = server.next().await;
    assert_eq!(taken.from, "<no-reply@colloquy.example>");
    assert_eq!(taken.recipients, ["<an@example.com>"]);
    sending.until_empty().await;
    assert_eq!(server.connections(), scenes.len());
    assert!(server.has_taken_nothing());
}

#[tokio::test]
async fn f24_a_server_that_is_down_gets_the_mail_when_it_is_back() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    let sending = Embedded::sending(transport(address)).await;
    sending.service.send(&mail("an@example.com")).await.unwrap();
    sending.until_tried(2).await;
    let mut server = ScriptedServer::start_at(address, []).await;
    assert_eq!(server.next().await.recipients, ["<an@example.com>"]);
    sending.until_empty().await;
}

#[tokio::test]
async fn f24_what_is_refused_for_good_is_dropped_and_the_next_mail_goes() {
    for refusal in [
        Answers("MAIL", "553 not from you"),
        Answers("RCPT", "550 no such user"),
        Answers("DATA", "554 no"),
        Answers(".", "554 this is spam"),
    ] {
        let mut server = ScriptedServer::start([refusal, Well]).await;
        let sending = Embedded::sending(server.transport()).await;
        sending.service.send(&mail("an@example.com")).await.unwrap();
        sending.until_empty().await;
        assert_eq!(server.connections(), 1);
        sending.service.send(&mail("bo@example.com")).await.unwrap();
        assert_eq!(server.next().await.recipients, ["<bo@example.com>"]);
        sending.until_empty().await;
        assert!(server.has_taken_nothing());
    }
}

#[tokio::test]
async fn f24_a_refused_login_loses_no_mail() {
    let mut server = ScriptedServer::start([Answers("AUTH", "535 wrong password"), Well]).await;
    let transport = SmtpTransport::new(SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port: server.address.port(),
        tls: TlsMode::None,
        ca_file: None,
        credentials: Some(Credentials {
            username: "colloquy".to_owned(),
            password: "4711".into(),
        }),
    });
    let sending = Embedded::sending(transport.unwrap()).await;
    sending.service.send(&mail("an@example.com")).await.unwrap();
    assert_eq!(server.next().await.recipients, ["<an@example.com>"]);
    // base64 of "\0colloquy\04711"
    let login = "AUTH PLAIN AGNvbGxvcXV5ADQ3MTE=".to_owned();
    assert!(server.said().contains(&login), "{:?}", server.said());
}

#[tokio::test]
async fn f24_a_mail_whose_server_hangs_does_not_hold_up_the_next() {
    let mut server = ScriptedServer::start([Hangs("MAIL"), Well]).await;
    // The default limit of ten seconds: the second mail comes long before it is over.
    let sending = Embedded::sending(transport(server.address)).await;
    for to in ["an@example.com", "bo@example.com"] {
        sending.service.send(&mail(to)).await.unwrap();
    }
    timeout(Duration::from_secs(5), server.next())
        .await
        .unwrap();
    assert_eq!(server.connections(), 2);
}

/// Time flies where nothing happens, so that the test takes none.
#[tokio::test(start_paused = true)]
async fn f24_a_server_that_never_answers_is_given_up_in_time() {
    let server = ScriptedServer::start([Hangs("EHLO")]).await;
    let (delivering, letter) = (transport(server.address), letter("an@example.com"));
    let delivered = timeout(Duration::from_secs(12), delivering.deliver(&letter)).await;
    assert!(matches!(delivered, Ok(Err(TransportError::NotNow(_)))));
}

#[tokio::test]
async fn f24_a_stop_brings_to_its_end_what_is_under_way() {
    let mut server = ScriptedServer::start([]).await;
    let sending = Embedded::sending(server.transport()).await;
    sending.service.send(&mail("an@example.com")).await.unwrap();
    // The server has the mail, and has not said so yet or has only just.
    server.next().await;
    assert_eq!(
        sending.stopped().await,
        0,
        "the row goes before the process"
    );
}
