//! What each release has kept opens in every later one, with all that was in it: its data folder, and its PostgreSQL database.
//!
//! `e2e/fixtures/data-VERSION.tar.gz` is the folder of a system that ran on an empty folder and ended by SIGTERM. In it
//!
//! ```text
//! account 4     nguyen, of the password "a long enough password"; 1, 2 and 3 are the demo accounts
//! room 1        of 1, 2 and 4, made by 1; messages 3 to 7, sent with the keys fixture-0 to fixture-4 by 1, 2, 4, 1, 2
//! room 2        of 2 and 3, without a message
//! markers       4 has read message 5 of room 1
//! sessions      one of 3, which was logged out
//! ```

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod postgres;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{
    data_folder::remove,
    disk::{SOON, Session, System, eventually},
};

const CONTENTS: [&str; 5] = [
    "hello",
    "chào bạn",
    "👋🏽 一二三",
    "two\\nlines",
    "the last one",
];

/// How the names of data folders begin.
pub const DATA: &str = "data-";

/// The fixtures of one kind, of every release.
pub fn fixtures(begins_with: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../e2e/fixtures");
    let entries = folder.read_dir().unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(begins_with))
        .map(|entry| entry.path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no fixture {begins_with}…");
    files
}

/// Whether there is one of this release.
#[track_caller]
fn is_kept(begins_with: &str, ends_with: &str) {
    let of_this = format!("{begins_with}{}{ends_with}", env!("CARGO_PKG_VERSION"));
    let is_there = fixtures(begins_with)
        .iter()
        .any(|path| path.ends_with(&of_this));
    assert!(is_there, "make {of_this} as the head of this file says");
}

pub fn unpacked(fixture: &Path) -> TempDir {
    let data = tempfile::tempdir().unwrap();
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(fixture).arg("-C").arg(data.path());
    assert!(tar.status().unwrap().success());
    data
}

fn logged_in<'a>(system: &'a System, body: &str) -> Session<'a> {
    let answer = system.call("POST", "/auth/login", "", body);
    Session {
        system,
        cookie: format!("jwt_token={}", answer.between("jwt_token=", ";")),
    }
}

fn check(data: &Path) {
    let mut check = Command::new(env!("CARGO_BIN_EXE_colloquy"));
    let output = check.args(["check", "--data"]).arg(data).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, "Everything is as it was written.\n");
}

#[test]
fn a_folder_of_this_release_is_kept_for_later_ones() {
    is_kept(DATA, ".tar.gz");
}

#[test]
fn a_folder_of_every_release_opens_with_all_that_was_in_it() {
    for fixture in fixtures(DATA) {
        let data = unpacked(&fixture);
        check(data.path());
        let system = System::start(data.path());
        let account = r#"{"username":"nguyen","password":"a long enough password"}"#;
        let session = logged_in(&system, account);
        let rooms = session.call("GET", "/query/rooms");
        let name = rooms.between(r#""roomName":""#, r#"",""#);
        assert_eq!(name, "Phòng của mọi người");
        assert_eq!(rooms.text.matches("roomName").count(), 1);
        assert_eq!(rooms.between(r#""participantIds":["#, "]"), "1,2,4");
        assert_eq!(
            rooms.between(r#""unreadStatus":{"#, "}"),
            r#""1":true,"2":false,"4":true"#
        );
        let markers = session.call("GET", "/query/readMarkers/roomId/1");
        assert_eq!(markers.between(r#""lastReadMessageId":"#, "}"), "5");
        assert_eq!(session.history("1"), CONTENTS);

        let first = system.session();
        let repeated = repeat_first(&first);
        assert_eq!(
            repeated, "3",
            "a key that was used names the message of then"
        );
        let sent = first.send("1", "the next");
        assert_eq!(sent.between(r#""seq":"#, ","), "6");
        assert_eq!(sent.between(r#""messageId":"#, ","), "8");
        drop(system);
        check(data.path());
    }
}

/// The id that answers the repetition of the first message.
fn repeat_first(session: &Session<'_>) -> String {
    let key = format!("{}\r\nidempotency-key: fixture-0", session.cookie);
    let body = r#"{"roomId":1,"content":"hello"}"#;
    let answer = session.system.call("POST", "/command/message", &key, body);
    answer.between(r#""messageId":"#, ",").to_owned()
}

#[test]
fn views_are_made_of_what_every_release_has_written() {
    for fixture in fixtures(DATA) {
        let data = unpacked(&fixture);
        remove("views.db", data.path());
        let system = System::start(data.path());
        let session = system.session();
        eventually(SOON, "shown", || session.history("1") == CONTENTS);
    }
}
