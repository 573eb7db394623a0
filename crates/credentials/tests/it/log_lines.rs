use std::{env, process::Command, sync::Arc};

use axum::{Router, body::Body, routing::get};
use colloquy_chassis::{
    ServiceName, SystemClock,
    router::finish,
    telemetry::{LogFormat, start_logging},
};
use colloquy_credentials::{internal_token::InternalVerifier, keys::KeyFolder};
use http::Request;
use tower::ServiceExt as _;

/// Set where the test runs again to write a line of the log.
const WRITES: &str = "CREDENTIALS_TEST_WRITES_A_LINE";

#[tokio::test]
async fn s15_a_call_without_a_service_credential_is_logged_with_the_id_of_its_answer() {
    if env::var_os(WRITES).is_some() {
        start_logging("info", LogFormat::Text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(folder.path());
        keys.complete("k1").unwrap();
        let verifier = InternalVerifier::load(&keys, ServiceName::Mail, Arc::new(SystemClock));
        let router = finish(Router::new().route("/x", get("x")));
        let request = Request::get("/x").header("x-request-id", "asked-1");
        let request = request.body(Body::empty()).unwrap();
        let protected = verifier.unwrap().protect(router);
        protected.oneshot(request).await.unwrap();
        return;
    }
    let test =
        "log_lines::s15_a_call_without_a_service_credential_is_logged_with_the_id_of_its_answer";
    let again = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(WRITES, "1")
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    let written = String::from_utf8(again.stderr).unwrap();
    let refused = "a call without a valid service credential was refused";
    let line = written.lines().find(|line| line.contains(refused));
    let line = line.expect("the line is written");
    assert!(line.contains("request.id=\"asked-1\""), "{line:?}");
}
