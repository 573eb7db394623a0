//! Nothing of an address, a subject or a text is ever logged (case S23).

use std::{
    io,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use colloquy_contracts::Timestamp;
use colloquy_service_api::{Mailer as _, mailer::Mail};
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter, util::SubscriberInitExt as _};

use crate::{
    letters::letter,
    parts::{Embedded, NOW, QUEUE_TIMEOUT},
    scripted_server::{
        Scene::{Answers, Greets, Well},
        ScriptedServer,
    },
};

/// Everything that any thread of this process logs, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn started() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            tracing_subscriber::fmt()
                .with_max_level(LevelFilter::TRACE)
                .with_ansi(false)
                .with_writer(log.clone())
                .finish()
                .init();
            log
        })
    }

    /// The whole log, once this line is in it: the work that the line is about is done a moment earlier.
    async fn text_with(&self, line: &str) -> String {
        let writing = async {
            loop {
                let text = self.text();
                if text.contains(line) {
                    return text;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(QUEUE_TIMEOUT, writing).await.unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn canary() -> Mail {
    Mail {
        to: "canary-address@example.com".to_owned(),
        subject: "canary-subject".to_owned(),
        body: "canary-text\n\nAGNhbmFyeQ".to_owned(),
        expires_at: Some(Timestamp::from_millis(NOW + 1_000)),
    }
}

#[tokio::test]
async fn s23_no_word_of_a_mail_is_logged() {
    let log = Log::started();
    let server = ScriptedServer::start([
        Greets("421 busy"),
        Answers("RCPT", "451 try again: {} canary-subject canary-text"),
        Answers("RCPT", "this is no answer: {} canary-subject canary-text"),
        Well,
        Answers("RCPT", "550 unknown: {} canary-subject canary-text"),
        Answers("RCPT", "451 try again: {}"),
    ])
    .await;
    let sending = Embedded::sending(server.transport()).await;
    sending.service.send(&canary()).await.unwrap();
    sending.until_empty().await;
    sending.service.send(&canary()).await.unwrap();
    sending.until_empty().await;
    sending.service.send(&canary()).await.unwrap();
    sending.until_tried(2).await;
    sending.clock.advance_millis(1_000);
    sending.aged().await;
    sending.start();
    sending.until_empty().await;
    let refused = Mail {
        to: "canary-address@example.com\r\n".to_owned(),
        ..canary()
    };
    let refusal = sending.service.queue(&refused).await.unwrap_err();
    tracing::info!(error = ?refusal, "shown");
    tracing::info!(mail = ?canary(), letter = ?letter(&canary().to), "shown");

    let text = log
        .text_with("mails expired before they could be sent")
        .await;
    for line in [
        "a mail was sent",
        "a mail could not be sent yet",
        "a mail was refused for good",
        "the mail server answered 550",
        "the mail server answered 451",
        "INSERT INTO",
    ] {
        assert!(text.contains(line), "not logged: {line}");
    }
    for word in [
        "canary-address",
        "canary-subject",
        "canary-text",
        "AGNhbmFyeQ",
    ] {
        let line = text.lines().find(|line| line.contains(word));
        assert_eq!(line, None, "{word} was logged");
    }
}
