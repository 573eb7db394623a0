use std::{env, process::Command};

use colloquy_chassis::telemetry::{LogFormat, start_logging};

/// Set where a test runs again to write lines of the log.
const WRITES: &str = "CHASSIS_TEST_WRITES_A_LINE";

fn writes() -> bool {
    let writes = env::var_os(WRITES).is_some();
    if writes {
        start_logging("info", LogFormat::Text).unwrap();
    }
    writes
}

/// The line with this text that a test of this file writes in a process of its own.
fn line_of(test: &str, text: &str) -> String {
    let again = Command::new(env::current_exe().unwrap())
        .args(["--exact", &format!("log_lines::{test}"), "--nocapture"])
        .env(WRITES, "1")
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    let written = String::from_utf8(again.stderr).unwrap();
    let line = written.lines().find(|line| line.contains(text));
    line.expect("the line is written").to_owned()
}

#[test]
fn log_lines_that_go_elsewhere_than_to_a_terminal_are_plain_text() {
    if writes() {
        tracing::info!(room.id = 7, "a line");
        return;
    }
    let test = "log_lines_that_go_elsewhere_than_to_a_terminal_are_plain_text";
    let line = line_of(test, "a line");
    assert!(line.ends_with("a line room.id=7"), "{line:?}");
    assert!(!line.contains('\x1b'), "{line:?}");
}
