//! Mails that are kept in a folder, and `/dev/mail` (decision 27).

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use colloquy_contracts::Timestamp;
use colloquy_mail::{
    Letter, MailTransport as _, dev_mail,
    mail_store::QueuedMail,
    mail_transport::{
        TransportError,
        folder::{FolderTransport, KEPT},
    },
};
use colloquy_service_api::{Mailer as _, mailer::Mail};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::parts::{Embedded, NOW, mail, settings};

/// The letter with that number: they are written a second apart.
fn letter(number: i64) -> Letter {
    let mail = QueuedMail {
        id: Uuid::new_v4(),
        to: format!("an{number}@example.com"),
        subject: format!("<i>Code</i> & \"{number}\""),
        body: "Xin chào <script>alert(1)</script>\n\n123456".to_owned(),
        expires_at: Timestamp::from_millis(i64::MAX),
    };
    let now = Timestamp::from_millis(NOW + 1000 * number);
    Letter::write(&settings().from, mail, now).unwrap()
}

async fn get(folder: &FolderTransport, path: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let routes = dev_mail::router(folder.clone());
    let (parts, body) = routes.oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (parts.status, parts.headers, text)
}

async fn messages(folder: &FolderTransport) -> Value {
    let (status, _, text) = get(folder, "/dev/mail/messages").await;
    assert_eq!(status, StatusCode::OK);
    let mut answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["success"], true);
    answer["data"].take()
}

fn files(folder: &Path) -> Vec<fs::DirEntry> {
    fs::read_dir(folder).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn decision_27_codes_are_read_where_they_end() {
    let place = tempfile::tempdir().unwrap();
    let folder = FolderTransport::open(&place.path().join("mails"))
        .await
        .unwrap();
    let sending = Embedded::sending(folder.clone()).await;
    let mail = Mail {
        expires_at: None,
        ..mail("an@example.com")
    };
    sending.service.send(&mail).await.unwrap();
    sending.until_empty().await;
    assert_eq!(
        messages(&folder).await,
        json!([{
            "to": "an@example.com",
            "subject": "Your code",
            "body": "Hello,\n\nyour code is 123456.\n",
            "sentAt": "2023-11-14T22:13:20.000Z",
        }])
    );
}

#[tokio::test]
async fn decision_27_a_kept_mail_is_a_message_file_for_its_owner_alone() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("mails");
    let folder = FolderTransport::open(&path).await.unwrap();
    let letter = letter(1);
    folder.deliver(&letter).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    let files = files(&path);
    assert_eq!(files.len(), 2);
    for file in &files {
        assert_eq!(mode(&file.path()), 0o600);
    }
    let message = files
        .iter()
        .map(fs::DirEntry::path)
        .find(|path| path.extension().is_some_and(|kind| kind == "eml"));
    assert_eq!(
        fs::read(message.unwrap()).unwrap(),
        letter.message.formatted()
    );
}

#[tokio::test]
async fn b05_the_newest_mail_comes_first_after_a_clock_that_was_ahead() {
    let place = tempfile::tempdir().unwrap();
    let folder = FolderTransport::open(place.path()).await.unwrap();
    for number in [3600, 1, 2] {
        folder.deliver(&letter(number)).await.unwrap();
    }
    let shown = messages(&folder).await;
    let shown: Vec<&Value> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|mail| &mail["to"])
        .collect();
    assert_eq!(
        shown,
        ["an2@example.com", "an1@example.com", "an3600@example.com"]
    );
}

#[tokio::test]
async fn decision_27_the_newest_mails_are_kept_and_come_first() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("0 notes.txt"), "not ours").unwrap();
    let folder = FolderTransport::open(place.path()).await.unwrap();
    assert_eq!(messages(&folder).await, json!([]));
    for number in 1..=KEPT as i64 + 5 {
        folder.deliver(&letter(number)).await.unwrap();
    }
    let messages = messages(&folder).await;
    let recipients: Vec<&str> = messages
        .as_array()
        .unwrap()
        .iter()
        .map(|mail| mail["to"].as_str().unwrap())
        .collect();
    let expected: Vec<String> = (6..=KEPT + 5)
        .rev()
        .map(|number| format!("an{number}@example.com"))
        .collect();
    assert_eq!(recipients, expected);
    assert_eq!(files(place.path()).len(), 2 * KEPT + 1);
    assert!(place.path().join("0 notes.txt").exists());
}

#[tokio::test]
async fn decision_27_the_page_shows_mails_and_runs_nothing() {
    let place = tempfile::tempdir().unwrap();
    let folder = FolderTransport::open(place.path()).await.unwrap();
    let (status, _, page) = get(&folder, "/dev/mail").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("No mail has been sent yet."));
    for number in 1..=2 {
        folder.deliver(&letter(number)).await.unwrap();
    }
    let (_, headers, page) = get(&folder, "/dev/mail").await;
    assert!(
        headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline';"));
    assert!(!policy.contains("script-src"));
    assert_eq!(headers["cache-control"], "no-store");
    assert!(!page.contains("<script") && !page.contains("<i>"), "{page}");
    assert!(page.contains("&lt;i&gt;Code&lt;/i&gt; &amp; &quot;2&quot;"));
    assert!(page.contains("Xin chào &lt;script&gt;alert(1)&lt;/script&gt;\n\n123456"));
    assert!(page.contains("2023-11-14T22:13:22.000Z"));
    assert!(page.find("an2@example.com") < page.find("an1@example.com"));
}

#[tokio::test]
async fn f24_a_folder_that_cannot_be_written_loses_no_mail() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("mails");
    let folder = FolderTransport::open(&path).await.unwrap();
    fs::remove_dir(&path).unwrap();
    let delivered = folder.deliver(&letter(1)).await;
    assert!(matches!(delivered, Err(TransportError::NotNow(_))));
    let (status, _, _) = get(&folder, "/dev/mail").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}
