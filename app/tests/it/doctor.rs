//! `colloquy doctor` names what is wrong in one line, and says ok of a system that is well.
//!
//! The lines that these tests expect stand in `docs/operating/troubleshooting.md`, with the names of places in the place of
//! what differs from machine to machine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod all_in_one;
mod distributed;
mod refused;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    thread,
};

use colloquy_chat_query::{
    parked::{LogPosition, ParkedEvent},
    view_store::ViewWrite,
};
use colloquy_contracts::{Timestamp, Topic};

const PAGE: &str = include_str!("../../../docs/operating/troubleshooting.md");

/// What one call printed, with other names for places.
struct Report {
    code: Option<i32>,
    lines: Vec<String>,
}

/// A text as it is printed here, and as the documentation has it.
type Name = (String, &'static str);

/// Calls the doctor with these variables and no other of ours, and with so many file descriptors.
fn doctor(
    arguments: &[&str],
    variables: &[(String, String)],
    names: &[Name],
    descriptors: u32,
) -> Report {
    let output = Command::new("sh")
        .args([
            "-c",
            &format!("ulimit -n {descriptors} && exec \"$@\""),
            "sh",
        ])
        .args([env!("CARGO_BIN_EXE_colloquy"), "doctor"])
        .args(arguments)
        .envs(variables.iter().cloned())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors, "", "everything is in the report");
    let mut text = String::from_utf8(output.stdout).unwrap();
    for (here, name) in names {
        text = text.replace(here, name);
    }
    Report {
        code: output.status.code(),
        lines: text.lines().map(str::to_owned).collect(),
    }
}

impl Report {
    /// The lines that do not say ok, without the one that counts.
    fn findings(&self) -> Vec<&str> {
        let (_count, lines) = self.lines.split_last().unwrap();
        let lines = lines.iter().map(String::as_str);
        lines.filter(|line| !line.starts_with("ok    ")).collect()
    }

    /// One line says what was planted, the others say ok, and so does the exit code.
    fn names_only(&self, expected: &str) {
        assert_eq!(self.findings(), [expected], "{:#?}", self.lines);
        assert_eq!(self.code, Some(i32::from(expected.starts_with("FAIL"))));
        assert!(
            PAGE.lines().any(|line| line == expected),
            "not in the documentation: {expected}"
        );
    }

    fn is_well(&self) {
        assert_eq!(self.findings(), [""; 0], "{:#?}", self.lines);
        assert_eq!(self.code, Some(0));
    }
}

fn variables<const N: usize>(variables: [(&str, &str); N]) -> Vec<(String, String)> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    variables.map(owned).into()
}

/// One event that is parked.
fn parked(payload: &'static str) -> ViewWrite {
    let event = ParkedEvent {
        position: LogPosition {
            topic: Topic::ChatMessageSent,
            partition: 0,
            offset: 7,
        },
        key: "1".into(),
        event_id: "msg-7".into(),
        payload: payload.into(),
        reason: "it cannot be decoded".into(),
        parked_at: Timestamp::from_millis(1_700_000_000_000),
        tries: 1,
    };
    ViewWrite {
        parked: vec![event],
        ..ViewWrite::default()
    }
}

/// The port of a mail server that greets and says goodbye, for as long as the test lasts.
fn mail_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            stream.write_all(b"220 mail.test ESMTP\r\n").unwrap();
            while let Some(Ok(line)) = lines.next() {
                let is_last = line.starts_with("QUIT");
                let answer = if is_last {
                    "221 bye\r\n"
                } else {
                    "250 mail.test\r\n"
                };
                if stream.write_all(answer.as_bytes()).is_err() || is_last {
                    break;
                }
            }
        }
    });
    port
}
