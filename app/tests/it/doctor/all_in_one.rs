//! One process with its data folder.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, path::Path};

use colloquy_chat_query::{SqliteViewStore, ViewStore as _};
use tempfile::TempDir;

use super::{Report, doctor, mail_server, parked, variables};
use crate::{
    data_folder::{close, copy, remove, start},
    operating::outbox,
};

/// Nothing listens below 1024.
const NOWHERE: &str = "127.0.0.1:1";
const MANY: u32 = 8192;

/// How a system is to be started: what follows the data folder on the command line, and the environment.
struct Start {
    listen: String,
    variables: Vec<(String, String)>,
    descriptors: u32,
}

impl Start {
    /// For this machine alone.
    fn alone() -> Self {
        Self {
            listen: NOWHERE.to_owned(),
            variables: Vec::new(),
            descriptors: MANY,
        }
    }

    /// For others, behind a proxy with TLS, but for these variables.
    fn for_others<const N: usize>(but: [(&str, &str); N]) -> Self {
        let port = mail_server().to_string();
        let mut all = variables([
            ("COLLOQUY_HTTP__PUBLIC_URL", "https://chat.example"),
            ("COLLOQUY_HTTP__SECURE_COOKIE", "true"),
            ("COLLOQUY_HTTP__TRUSTED_PROXIES", "[\"127.0.0.1\"]"),
            ("COLLOQUY_MAIL__SMTP_HOST", "127.0.0.1"),
            ("COLLOQUY_MAIL__SMTP_PORT", &port),
            ("COLLOQUY_MAIL__SMTP_TLS", "none"),
        ]);
        all.extend(variables(but));
        Self {
            variables: all,
            ..Self::alone()
        }
    }

    fn with<const N: usize>(but: [(&str, &str); N]) -> Self {
        Self {
            variables: variables(but),
            ..Self::alone()
        }
    }

    fn listening_at(listen: &str) -> Self {
        Self {
            listen: listen.to_owned(),
            ..Self::alone()
        }
    }

    fn examine(&self, data: &Path) -> Report {
        let data = data.display().to_string();
        let arguments = ["--data", &data, "--listen", &self.listen];
        let names = [(data.clone(), "DIR")];
        doctor(&arguments, &self.variables, &names, self.descriptors)
    }
}

/// A folder that no other user can enter, as a start makes it.
fn closed(folder: TempDir) -> TempDir {
    set_mode(folder.path(), 0o700);
    folder
}

/// A folder in which a system has served.
fn served() -> TempDir {
    let data = closed(tempfile::tempdir().unwrap());
    drop(start(data.path()));
    data
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

async fn park(data: &Path) {
    let views = outbox(data, "views.db").await;
    let store = SqliteViewStore::open(views.clone()).await.unwrap();
    store.save(&parked("nonsense")).await.unwrap();
    close(views.database()).await;
}

#[test]
fn a_system_that_is_well_is_said_to_be_before_its_first_start_while_it_runs_and_after() {
    let parent = tempfile::tempdir().unwrap();
    let missing = parent.path().join("not there yet");
    Start::alone().examine(&missing).is_well();
    assert!(!missing.exists(), "it was made");
    let data = closed(tempfile::tempdir().unwrap());
    let system = start(data.path());
    Start::alone().examine(data.path()).is_well();
    Start::for_others([]).examine(data.path()).is_well();
    drop(system);
    Start::alone().examine(data.path()).is_well();
}

#[test]
fn settings_that_cannot_work_are_named_in_one_line() {
    let data = served();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let another = "FAIL  machine.listener      another program listens at 127.0.0.1:8080, so the system could not start → end that program, or choose another address with --listen";
    let listener = another.replace("127.0.0.1:8080", &taken);
    let report = Start::listening_at(&taken).examine(data.path());
    assert_eq!(report.findings(), [listener]);
    assert!(super::PAGE.contains(another));
    for (start, expected) in [
        (
            Start::with([("COLLOQUY_CHAT__MAX_CONTENT", "0")]),
            "FAIL  settings              bad setting: COLLOQUY_CHAT__MAX_CONTENT is 0, and must be between 1 and 65536 → correct it; `colloquy config defaults` prints every setting",
        ),
        (
            Start::for_others([("COLLOQUY_HTTP__PUBLIC_URL", "http://chat.example")]),
            "FAIL  http.cookie           http.secure_cookie is on but http.public_url is not https, so browsers drop the cookie and every call after a login is 401 → put TLS in front and make http.public_url https, or turn http.secure_cookie off",
        ),
        (
            Start::for_others([("COLLOQUY_HTTP__SECURE_COOKIE", "false")]),
            "warn  http.cookie           http.public_url is https but http.secure_cookie is off, so a browser also sends the session without TLS → turn http.secure_cookie on",
        ),
        (
            Start::for_others([("COLLOQUY_HTTP__TRUSTED_PROXIES", "[]")]),
            "warn  http.proxies          http.trusted_proxies is empty, so all clients behind a proxy have its address and share its limits → list the proxy's address, such as [\"127.0.0.1\"]",
        ),
        (
            Start::for_others([("COLLOQUY_HTTP__TRUSTED_PROXIES", "[\"0.0.0.0/0\"]")]),
            "FAIL  http.proxies          http.trusted_proxies holds every address, so each client can name another address as its own and passes all limits → list the addresses of the proxies alone",
        ),
        (
            Start::listening_at("0.0.0.0:1"),
            "FAIL  http.origins          http.public_url is empty, so what browsers send with an Origin, each login among it, is answered 403 → set http.public_url to the address that people open",
        ),
        (
            Start::for_others([("COLLOQUY_MAIL__SMTP_PORT", "1")]),
            "FAIL  mail                  127.0.0.1:1 takes no mail: Connection error: Connection refused (os error 111) → check mail.smtp_host, smtp_port, smtp_tls, username and password",
        ),
        (
            Start {
                descriptors: 512,
                ..Start::alone()
            },
            "warn  machine.descriptors   a process that is started from here may have 512, and each connection takes one → raise it: `ulimit -n 65536`, in a unit LimitNOFILE=65536",
        ),
    ] {
        start.examine(data.path()).names_only(expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_is_not_as_it_should_be_is_named_in_one_line() {
    type Plant = fn(&Path);
    let whole = served();
    let plants: [(Plant, &str); 6] = [
        (
            |data| set_mode(&data.join("keys/otp/seal.key"), 0o644),
            "FAIL  keys.files            DIR/keys/otp/seal.key has mode 0644, so that other users of this machine can read it → chmod 600 DIR/keys/otp/seal.key",
        ),
        (
            |data| fs::remove_file(data.join("keys/session/k1.private.pem")).unwrap(),
            "FAIL  keys.session          no key in DIR/keys/session → `colloquy keys generate --dir FOLDER` makes what is missing",
        ),
        (
            |data| {
                let keys = data.join("keys/internal");
                let other = keys.join("mail-service.public.pem");
                fs::copy(other, keys.join("auth-service.public.pem")).unwrap();
            },
            "FAIL  keys.services         DIR/keys/internal/auth-service.private.pem and the public half beside it are not of one pair: services refuse each other's calls with 401 → put the pair back from where it was made, or remove both halves and run `colloquy keys generate`",
        ),
        (
            |data| fs::write(data.join("keys/mail/seal.key"), "short").unwrap(),
            "FAIL  keys.seals            DIR/keys/mail/seal.key contains no usable key → put the pair back from where it was made, or remove both halves and run `colloquy keys generate`",
        ),
        (
            |data| set_mode(data, 0o755),
            "warn  data.folder           DIR has mode 0755, so that other users of this machine can enter it → chmod 700 DIR",
        ),
        (
            |data| remove("accounts.db", data),
            "FAIL  data.files            accounts.db is missing, so the system does not start → put every file back from one backup, or `colloquy adopt --data DIR`",
        ),
    ];
    for (plant, expected) in plants {
        let data = closed(copy(whole.path()));
        plant(data.path());
        Start::alone().examine(data.path()).names_only(expected);
    }
    park(whole.path()).await;
    Start::alone().examine(whole.path()).names_only(
        "warn  events.parked         1 events are put aside as broken, and rooms lack what they say → `colloquy parked list --data DIR` says why; `colloquy parked replay` applies them once that is mended",
    );
}

#[test]
fn the_report_is_json_where_a_program_asks() {
    let data = served();
    let path = data.path().display().to_string();
    let arguments = ["--data", &path, "--listen", NOWHERE, "--json"];
    let report = doctor(&arguments, &[], &[], MANY).lines.concat();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["fail"], 0);
    assert_eq!(report["findings"][0]["level"], "ok");
    assert_eq!(report["findings"][0]["check"], "settings");
}
