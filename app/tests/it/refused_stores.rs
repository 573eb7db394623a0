//! A store that refuses us, or whose certificate we refuse, is said in time, in a line that names the setting and holds no secret.
//! PostgreSQL and MongoDB end the start with that; without Kafka, Redis and the mail server a service goes on. What is refused is
//! really so: the parts of the tests speak TLS and know users.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

pub mod servers;

use std::{
    env,
    fs::{self, File},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use self::servers::{at_another_address, expired, starttls, without_words, yes_to_tls};

/// An answer within 5 s (promise P6), and the start of a process before it.
const TIMEOUT: Duration = Duration::from_secs(10);
pub const WRONG_PASSWORD: &str = "another-canary-2846";

const UNKNOWN_AUTHORITY: &str = "does not hold the authority that signed the certificate";
const NOT_VALID_NOW: &str = "has expired or is not valid yet";
const OTHER_HOST: &str = "is for another host than";
const ONLY_TLS: &str = "takes no such connection without TLS";
const LOGIN: &str = "the server refuses the user or the password of";

/// A variable of the environment.
type Variable = (&'static str, String);

pub fn part(name: &str) -> String {
    env::var(name).expect("run the tests with `cargo xtask test`, which starts the real parts")
}

pub fn password() -> String {
    part("COLLOQUY_TEST_TLS_PASSWORD")
}

pub fn file(name: &str) -> String {
    Path::new(&part("COLLOQUY_TEST_TLS"))
        .join(name)
        .display()
        .to_string()
}

/// A service whose settings are these.
struct Started {
    process: Child,
    folder: TempDir,
}

impl Started {
    fn new(service: &str, variables: &[Variable]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        let mut make = Command::new(env!("CARGO_BIN_EXE_colloquy"));
        let made = make.args(["keys", "generate", "--dir"]).arg(&keys).output();
        assert!(made.unwrap().status.success());
        let log = File::create(folder.path().join("log")).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_colloquy"))
            .args(["serve", service, "--listen", "127.0.0.1:0"])
            .args(["--admin", "127.0.0.1:0"])
            .env("COLLOQUY_KEYS__FOLDER", keys)
            .envs(variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { process, folder }
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn has_ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().unwrap()
    }

    /// Looks until it is so, for as long as a start may take.
    #[track_caller]
    fn until<T>(&mut self, mut ask: impl FnMut(&mut Self) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(answer) = ask(self) {
                return answer;
            }
            assert!(begun.elapsed() < TIMEOUT, "{}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _has_ended = self.process.kill();
        self.process.wait().unwrap();
    }
}

fn errors(said: &str) -> Vec<&str> {
    let lines = said.lines();
    lines
        .filter(|line| line.starts_with("colloquy: ") || line.contains("ERROR"))
        .collect()
}

pub fn has_no_secret(said: &str) {
    for secret in [password().as_str(), WRONG_PASSWORD] {
        assert!(!said.contains(secret), "{said}");
    }
}

/// It ends, and the last line says why.
#[track_caller]
fn assert_refused(service: &str, variables: &[Variable], says: &[&str]) {
    let mut started = Started::new(service, variables);
    let status = started.until(Started::has_ended);
    let said = started.said();
    assert_eq!(status.code(), Some(2), "{said}");
    let errors = errors(&said);
    assert_eq!(errors.len(), 1, "{said}");
    assert_eq!(said.lines().last(), errors.first().copied(), "{said}");
    for part in says {
        assert!(errors[0].contains(part), "{part}: {said}");
    }
    has_no_secret(&said);
}

/// It says why, and goes on.
#[track_caller]
fn assert_warned(service: &str, variables: &[Variable], says: &[&str]) {
    let mut started = Started::new(service, variables);
    let said = started.until(|started| {
        let said = started.said();
        (!errors(&said).is_empty()).then_some(said)
    });
    for line in errors(&said) {
        assert!(says.iter().all(|part| line.contains(part)), "{said}");
    }
    assert_eq!(started.has_ended(), None, "{said}");
    has_no_secret(&said);
}

pub fn with_wrong_password(url: &str) -> String {
    url.replace(&password(), WRONG_PASSWORD)
}

/// The URL with this host and port.
fn at(url: &str, address: &str) -> String {
    let (before, rest) = url.split_once("127.0.0.1:").unwrap();
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}{address}{after}")
}

/// Where the URL leads.
fn address(url: &str) -> String {
    let (_, rest) = url.split_once("127.0.0.1:").unwrap();
    let end = rest.find(|c: char| !c.is_ascii_digit());
    format!("127.0.0.1:{}", &rest[..end.unwrap_or(rest.len())])
}

mod postgres {
    use super::*;

    fn sessions(url: String, ca: &str) -> Vec<Variable> {
        vec![
            ("COLLOQUY_SESSIONS__URL", url),
            ("COLLOQUY_SESSIONS__CA_FILE", file(ca)),
        ]
    }

    fn url() -> String {
        part("COLLOQUY_TEST_TLS_POSTGRES")
    }

    #[test]
    fn of_an_unknown_authority() {
        let settings = sessions(url(), "other-ca.pem");
        assert_refused(
            "auth-service",
            &settings,
            &["sessions.ca_file", UNKNOWN_AUTHORITY],
        );
    }

    #[test]
    fn that_has_expired() {
        let server = expired(yes_to_tls);
        let settings = sessions(at(&url(), &server), "ca.pem");
        assert_refused("auth-service", &settings, &["sessions.url", NOT_VALID_NOW]);
    }

    #[test]
    fn of_another_host() {
        let server = at_another_address(&address(&url()));
        let settings = sessions(at(&url(), &server), "ca.pem");
        assert_refused("auth-service", &settings, &["sessions.url", OTHER_HOST]);
    }

    #[test]
    fn whose_users_have_another_password() {
        let settings = sessions(with_wrong_password(&url()), "ca.pem");
        assert_refused("auth-service", &settings, &[LOGIN, "sessions.url"]);
    }

    #[test]
    fn that_takes_only_tls() {
        let url = format!("{}?sslmode=disable", url());
        let settings = [("COLLOQUY_SESSIONS__URL", url)];
        assert_refused("auth-service", &settings, &["sessions.url", ONLY_TLS]);
    }

    #[test]
    fn that_speaks_no_tls() {
        let server = servers::no_to_tls();
        let settings = sessions(at(&url(), &server), "ca.pem");
        assert_refused(
            "auth-service",
            &settings,
            &["sessions.url", "speaks no TLS"],
        );
    }
}

mod redis {
    use super::*;

    fn store(url: String, ca: &str) -> Vec<Variable> {
        vec![
            ("COLLOQUY_EXPIRING_STORE__URL", url),
            ("COLLOQUY_EXPIRING_STORE__CA_FILE", file(ca)),
        ]
    }

    fn url() -> String {
        part("COLLOQUY_TEST_TLS_REDIS")
    }

    #[test]
    fn of_an_unknown_authority() {
        let settings = store(url(), "other-ca.pem");
        let says = ["expiring_store.ca_file", UNKNOWN_AUTHORITY];
        assert_warned("otp-service", &settings, &says);
    }

    #[test]
    fn that_has_expired() {
        let settings = store(at(&url(), &expired(without_words)), "ca.pem");
        let says = ["expiring_store.url", NOT_VALID_NOW];
        assert_warned("otp-service", &settings, &says);
    }

    #[test]
    fn of_another_host() {
        let server = at_another_address(&address(&url()));
        let settings = store(at(&url(), &server), "ca.pem");
        assert_warned(
            "otp-service",
            &settings,
            &["expiring_store.url", OTHER_HOST],
        );
    }

    #[test]
    fn whose_users_have_another_password() {
        let settings = store(with_wrong_password(&url()), "ca.pem");
        assert_warned("otp-service", &settings, &[LOGIN, "expiring_store.url"]);
    }
}

/// The stand-in for MongoDB knows no users.
mod mongo {
    use super::*;

    fn views(url: String, ca: &str) -> Vec<Variable> {
        vec![
            ("COLLOQUY_VIEW_STORE__URL", url),
            ("COLLOQUY_VIEW_STORE__CA_FILE", file(ca)),
        ]
    }

    fn url() -> String {
        part("COLLOQUY_TEST_TLS_MONGO")
    }

    #[test]
    fn of_an_unknown_authority() {
        let settings = views(url(), "other-ca.pem");
        let says = ["view_store.ca_file", UNKNOWN_AUTHORITY];
        assert_refused("chat-query-service", &settings, &says);
    }

    #[test]
    fn that_has_expired() {
        let settings = views(at(&url(), &expired(without_words)), "ca.pem");
        let says = ["view_store.url", NOT_VALID_NOW];
        assert_refused("chat-query-service", &settings, &says);
    }

    #[test]
    fn of_another_host() {
        let server = at_another_address(&address(&url()));
        let settings = views(at(&url(), &server), "ca.pem");
        let says = ["view_store.url", OTHER_HOST];
        assert_refused("chat-query-service", &settings, &says);
    }
}

/// OpenSSL says of all three only that the certificate cannot be verified.
mod kafka {
    use super::*;

    const UNVERIFIED: [&str; 3] = [
        "event_log.brokers",
        "cannot be verified",
        "event_log.ca_file",
    ];

    fn log(brokers: String, ca: &str, password: &str) -> Vec<Variable> {
        vec![
            ("COLLOQUY_EVENT_LOG__BROKERS", brokers),
            (
                "COLLOQUY_EVENT_LOG__SECURITY_PROTOCOL",
                "sasl_ssl".to_owned(),
            ),
            ("COLLOQUY_EVENT_LOG__CA_FILE", file(ca)),
            ("COLLOQUY_EVENT_LOG__USERNAME", "colloquy".to_owned()),
            ("COLLOQUY_EVENT_LOG__PASSWORD", password.to_owned()),
        ]
    }

    fn brokers() -> String {
        part("COLLOQUY_TEST_TLS_KAFKA")
    }

    #[test]
    fn of_an_unknown_authority() {
        let settings = log(brokers(), "other-ca.pem", &password());
        assert_warned("websocket-service", &settings, &UNVERIFIED);
    }

    #[test]
    fn that_has_expired() {
        let settings = log(expired(without_words), "ca.pem", &password());
        assert_warned("websocket-service", &settings, &UNVERIFIED);
    }

    #[test]
    fn of_another_host() {
        let server = at_another_address(&brokers());
        let settings = log(server, "ca.pem", &password());
        assert_warned("websocket-service", &settings, &UNVERIFIED);
    }

    #[test]
    fn whose_users_have_another_password() {
        for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
            let mut settings = log(brokers(), "ca.pem", WRONG_PASSWORD);
            settings.push(("COLLOQUY_EVENT_LOG__SASL_MECHANISM", mechanism.to_owned()));
            let says = [LOGIN, "event_log.username"];
            assert_warned("websocket-service", &settings, &says);
        }
    }

    #[test]
    fn that_asks_for_a_certificate() {
        let settings = vec![
            (
                "COLLOQUY_EVENT_LOG__BROKERS",
                part("COLLOQUY_TEST_TLS_KAFKA_CERTIFIED"),
            ),
            ("COLLOQUY_EVENT_LOG__SECURITY_PROTOCOL", "ssl".to_owned()),
            ("COLLOQUY_EVENT_LOG__CA_FILE", file("ca.pem")),
        ];
        let says = ["asks for a certificate", "event_log.cert_file"];
        assert_warned("websocket-service", &settings, &says);
    }
}

mod smtp {
    use super::*;

    fn mail(host: &str, port: &str, ca: &str, password: &str) -> Vec<Variable> {
        vec![
            ("COLLOQUY_MAIL__SMTP_HOST", host.to_owned()),
            ("COLLOQUY_MAIL__SMTP_PORT", port.to_owned()),
            ("COLLOQUY_MAIL__SMTP_CA_FILE", file(ca)),
            ("MAIL_USERNAME", "colloquy".to_owned()),
            ("MAIL_PASSWORD", password.to_owned()),
        ]
    }

    fn port() -> String {
        part("COLLOQUY_TEST_TLS_SMTP")
    }

    #[test]
    fn of_an_unknown_authority() {
        let settings = mail("127.0.0.1", &port(), "other-ca.pem", &password());
        let says = ["mail.smtp_ca_file", UNKNOWN_AUTHORITY];
        assert_warned("mail-service", &settings, &says);
    }

    #[test]
    fn that_has_expired() {
        let server = expired(starttls);
        let (host, port) = server.split_once(':').unwrap();
        let settings = mail(host, port, "ca.pem", &password());
        assert_warned(
            "mail-service",
            &settings,
            &["mail.smtp_host", NOT_VALID_NOW],
        );
    }

    #[test]
    fn of_another_host() {
        let server = at_another_address(&format!("127.0.0.1:{}", port()));
        let (host, port) = server.split_once(':').unwrap();
        let settings = mail(host, port, "ca.pem", &password());
        assert_warned("mail-service", &settings, &["mail.smtp_host", OTHER_HOST]);
    }

    #[test]
    fn whose_users_have_another_password() {
        for (port, tls) in [
            (port(), "starttls"),
            (part("COLLOQUY_TEST_TLS_SMTPS"), "tls"),
        ] {
            let mut settings = mail("127.0.0.1", &port, "ca.pem", WRONG_PASSWORD);
            settings.push(("COLLOQUY_MAIL__SMTP_TLS", tls.to_owned()));
            assert_warned("mail-service", &settings, &[LOGIN, "mail.username"]);
        }
    }

    fn without_login(port: &str, tls: &str) -> Vec<Variable> {
        let mut settings = mail("127.0.0.1", port, "ca.pem", "");
        settings.retain(|(name, _)| !name.starts_with("MAIL_"));
        settings.push(("COLLOQUY_MAIL__SMTP_TLS", tls.to_owned()));
        settings
    }

    #[test]
    fn that_takes_only_tls() {
        let mut settings = without_login(&port(), "none");
        settings.retain(|(name, _)| *name != "COLLOQUY_MAIL__SMTP_CA_FILE");
        assert_warned("mail-service", &settings, &[ONLY_TLS, "mail.smtp_tls"]);
    }

    #[test]
    fn that_asks_for_a_login() {
        let settings = without_login(&part("COLLOQUY_TEST_TLS_SMTPS"), "tls");
        assert_warned("mail-service", &settings, &[LOGIN, "mail.username"]);
    }
}
