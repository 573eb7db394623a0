//! What leaves: one message for one recipient, as mail programs expect it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use colloquy_contracts::Timestamp;
use colloquy_mail::{Letter, mail_store::QueuedMail};
use colloquy_service_api::{Mailer as _, mailer::Mail};
use uuid::Uuid;

use crate::{
    parts::{Embedded, NOW, mail, settings},
    scripted_server::ScriptedServer,
};

/// A letter to this recipient.
pub fn letter(to: &str) -> Letter {
    let Mail {
        to, subject, body, ..
    } = mail(to);
    written(QueuedMail {
        id: Uuid::from_u128(7),
        to,
        subject,
        body,
        expires_at: Timestamp::from_millis(NOW + 1),
    })
}

/// A letter of this mail, now.
pub fn written(mail: QueuedMail) -> Letter {
    Letter::write(&settings().from, mail, Timestamp::from_millis(NOW)).unwrap()
}

/// The whole value of a header, unfolded.
pub fn header(message: &str, name: &str) -> String {
    let (headers, _) = message.split_once("\r\n\r\n").unwrap();
    let unfolded = headers.replace("\r\n ", " ").replace("\r\n\t", " ");
    let mut values = unfolded
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let value = values.next().unwrap_or_default().to_owned();
    assert_eq!(values.next(), None, "{name} is there twice");
    value
}

/// A header of RFC 2047's words in base64.
pub fn decoded(value: &str) -> String {
    let bytes = value.split(' ').flat_map(|word| {
        let word = word.strip_prefix("=?utf-8?b?").unwrap();
        BASE64_STANDARD
            .decode(word.strip_suffix("?=").unwrap())
            .unwrap()
    });
    String::from_utf8(bytes.collect()).unwrap()
}

#[test]
fn contract_4_mail_has_the_headers_of_an_automatic_message() {
    let text = String::from_utf8(letter("an@example.com").message.formatted()).unwrap();
    for (name, value) in [
        ("From", "Colloquy <no-reply@colloquy.example>"),
        ("To", "an@example.com"),
        ("Subject", "Your code"),
        ("Date", "Tue, 14 Nov 2023 22:13:20 +0000"),
        (
            "Message-ID",
            "<00000000-0000-0000-0000-000000000007@colloquy.example>",
        ),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
    ] {
        assert_eq!(header(&text, name), value);
    }
}

#[test]
fn contract_4_mail_is_plain_text_with_html_beside() {
    let text = String::from_utf8(letter("an@example.com").message.formatted()).unwrap();
    assert!(header(&text, "Content-Type").starts_with("multipart/alternative"));
    let plain = text.find("Content-Type: text/plain").unwrap();
    let html = text.find("Content-Type: text/html").unwrap();
    assert!(plain < html, "what is better comes last");
    assert!(text[plain..html].contains("Hello,\r\n\r\nyour code is 123456.\r\n"));
    assert!(text[html..].contains("<p>Hello,</p>\r\n<p>your code is 123456.</p>"));
}

#[test]
fn contract_4_mail_encodes_what_is_not_ascii() {
    let subject = "Mã xác nhận của bạn 🔑 ".repeat(8).trim_end().to_owned();
    let mail = QueuedMail {
        id: Uuid::from_u128(7),
        to: "an@münchen.example".to_owned(),
        subject: subject.clone(),
        body: "Xin chào <b>Hải</b>".to_owned(),
        expires_at: Timestamp::from_millis(NOW),
    };
    let text = String::from_utf8(written(mail).message.formatted()).unwrap();
    assert!(text.is_ascii());
    assert!(text.lines().all(|line| line.len() <= 998));
    assert_eq!(header(&text, "To"), "an@xn--mnchen-3ya.example");
    assert_eq!(decoded(&header(&text, "Subject")), subject);
}

#[tokio::test]
async fn s31_no_text_makes_a_second_mail_or_a_second_recipient() {
    let mut server = ScriptedServer::start([]).await;
    let sending = Embedded::sending(server.transport()).await;
    let smuggled = "MAIL FROM:<x@example.com>\r\nRCPT TO:<bo@example.com>\r\nDATA\r\nX: y\r\n\r\nz";
    for end in [
        "\r\n.\r\n",
        "\n.\n",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r",
        "\r\n.\r",
    ] {
        let mail = Mail {
            subject: "RCPT TO:<bo@example.com>".to_owned(),
            body: format!("Bcc: bo@example.com{end}{smuggled}{end}QUIT"),
            ..mail("an@example.com")
        };
        sending.service.send(&mail).await.unwrap();
        let taken = server.next().await;
        assert_eq!(taken.recipients, ["<an@example.com>"]);
        assert_eq!(header(&taken.message, "Bcc"), "");
        assert_eq!(header(&taken.message, "To"), "an@example.com");
        assert!(taken.message.contains("bo@example.com"), "it is only text");
        sending.until_empty().await;
    }
    let said = server.said();
    let count = |verb| said.iter().filter(|line| line.starts_with(verb)).count();
    assert_eq!((count("MAIL"), count("RCPT"), count("DATA")), (6, 6, 6));
    assert!(server.has_taken_nothing());
}
