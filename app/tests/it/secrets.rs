//! Outside all-in-one no service has a secret that others know (reliability.md S25).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use colloquy_chassis::ServiceName;

fn serve(service: &str, keys: &Path, variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .args(["serve", service, "--listen", "127.0.0.1:0"])
        .env("COLLOQUY_KEYS__FOLDER", keys)
        .env("COLLOQUY_MAIL__SMTP_HOST", "127.0.0.1")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn s25_no_service_starts_with_a_secret_out_of_an_example() {
    let keys = tempfile::tempdir().unwrap();
    for service in ServiceName::ALL.map(ServiceName::name) {
        for variables in [
            [
                (
                    "COLLOQUY_WRITE_STORE__URL",
                    "postgres://app:changeme@127.0.0.1/db",
                ),
                ("COLLOQUY_LOG__FORMAT", "json"),
            ],
            [
                (
                    "COLLOQUY_EXPIRING_STORE__URL",
                    "redis://:Password@127.0.0.1",
                ),
                ("COLLOQUY_LOG__FORMAT", "json"),
            ],
            [("MAIL_PASSWORD", "secret"), ("MAIL_USERNAME", "colloquy")],
        ] {
            let output = serve(service, keys.path(), &variables);
            let text = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{service}: {text}");
            assert!(
                text.contains("well-known example password"),
                "{service}: {text}"
            );
            assert!(!text.contains(variables[0].1), "it is quoted: {text}");
        }
    }
}

#[test]
fn s25_no_service_that_needs_a_key_makes_one_up() {
    let keys = tempfile::tempdir().unwrap();
    for service in ["api-gateway", "otp-service"] {
        let output = serve(service, keys.path(), &[]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{service}: {text}");
        assert!(text.contains("key"), "{service}: {text}");
        assert_eq!(keys.path().read_dir().unwrap().count(), 0, "{service}");
    }
}
