//! What containers ask of the binary: whether a process is ready, keys for each service, settings that hold.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};

fn colloquy(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Asks a server that answers so once.
fn health(answer: &'static str) -> (Option<i32>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = [0; 1024];
        let read = stream.read(&mut question).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&question[..read]).into_owned()
    });
    let output = colloquy(&["health", &address]);
    assert!(
        server
            .join()
            .unwrap()
            .starts_with("GET /readyz HTTP/1.1\r\n")
    );
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn decision_24_health_says_what_a_process_waits_for_and_its_exit_code_whether_it_is_ready() {
    assert_eq!(
        health("HTTP/1.1 200 OK\r\n\r\n{\"success\":true,\"message\":\"ready\",\"data\":null}"),
        (Some(0), "ready\n".to_owned())
    );
    let waiting = "HTTP/1.1 503 Service Unavailable\r\n\r\n{\"success\":false,\"message\":\"waiting for kafka\",\"data\":null}";
    assert_eq!(health(waiting), (Some(1), "waiting for kafka\n".to_owned()));
}

#[test]
fn what_does_not_answer_as_colloquy_does_is_not_healthy() {
    let (code, said) = health("HTTP/1.1 200 OK\r\n\r\n<html>");
    assert_eq!(code, Some(2));
    assert!(said.contains("is not Colloquy"), "{said}");
    // No process of ours listens below 1024.
    let output = colloquy(&["health", "127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn s25_the_command_line_makes_keys_and_gives_each_service_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (keys, handed) = (path("keys"), path("handed"));
    let made = colloquy(&[
        "keys",
        "generate",
        "--dir",
        &keys,
        "--hand-out",
        &handed,
        "--algorithm",
        "EdDSA",
    ]);
    assert!(made.status.success(), "{made:?}");
    let has = |file: &str| Path::new(&handed).join(file).exists();
    assert!(has("auth-service/session/k1.private.pem"));
    assert!(has("api-gateway/session/k1.public.pem"));
    assert!(!has("api-gateway/session/k1.private.pem"));
}

#[test]
fn style_15_the_settings_of_containers_pods_and_packages_hold() {
    for file in [
        "compose.toml",
        "kubernetes/colloquy.toml",
        "debian/colloquy.toml",
    ] {
        let file = format!("{}/../deploy/{file}", env!("CARGO_MANIFEST_DIR"));
        let output = colloquy(&["config", "check", "--config", &file]);
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn the_manual_has_a_page_for_each_command_and_shells_complete_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let written = colloquy(&["manual", &path]);
    assert!(written.status.success(), "{written:?}");
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
    assert!(read("man/colloquy.1").contains("colloquy\\-doctor(1)"));
    assert!(read("man/colloquy-doctor.1").contains("\\-\\-distributed"));
    assert!(!folder.path().join("man/colloquy-manual.1").exists());
    for shell in ["colloquy.bash", "_colloquy", "colloquy.fish"] {
        assert!(
            read(&format!("completions/{shell}")).contains("doctor"),
            "{shell}"
        );
    }
}
