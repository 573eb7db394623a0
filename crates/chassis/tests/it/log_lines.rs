use std::{env, process::Command, sync::Arc};

use axum::{Router, routing::get};
use colloquy_chassis::{
    ServiceName, SystemClock,
    internal_token::InternalVerifier,
    keys::KeyFolder,
    router::finish,
    telemetry::{LogFormat, start_logging},
};
use http::Request;

use crate::requests::send;

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

#[tokio::test]
async fn s15_a_call_without_a_service_credential_is_logged_with_the_id_of_its_answer() {
    if writes() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(folder.path());
        keys.complete("k1").unwrap();
        let verifier = InternalVerifier::load(&keys, ServiceName::Mail, Arc::new(SystemClock));
        let router = finish(Router::new().route("/x", get("x")));
        let request = Request::get("/x").header("x-request-id", "asked-1");
        send(&verifier.unwrap().protect(router), request, "").await;
        return;
    }
    let test = "s15_a_call_without_a_service_credential_is_logged_with_the_id_of_its_answer";
    let line = line_of(
        test,
        "a call without a valid service credential was refused",
    );
    assert!(line.contains("request.id=\"asked-1\""), "{line:?}");
}
