use std::{env, process::Command};

use colloquy_chassis::telemetry::{LogFormat, start_logging};

/// Set where this test runs again to write a line of the log.
const WRITES: &str = "CHASSIS_TEST_WRITES_A_LINE";

#[test]
fn log_lines_that_go_elsewhere_than_to_a_terminal_are_plain_text() {
    if env::var_os(WRITES).is_some() {
        start_logging("info", LogFormat::Text).unwrap();
        tracing::info!(room.id = 7, "a line");
        return;
    }
    let name = "log_lines::log_lines_that_go_elsewhere_than_to_a_terminal_are_plain_text";
    let again = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(WRITES, "1")
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    let written = String::from_utf8(again.stderr).unwrap();
    let line = written.lines().find(|line| line.contains("a line"));
    let line = line.expect("the line is written");
    assert!(line.ends_with("a line room.id=7"), "{line:?}");
    assert!(!line.contains('\x1b'), "{line:?}");
}
