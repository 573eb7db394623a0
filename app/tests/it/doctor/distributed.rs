//! The services, on the real parts.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
};

use colloquy_chassis::ServiceName;
use colloquy_chat_query::{MongoViewStore, ViewStore as _};
use colloquy_contracts::{RoomId, Topic};
use colloquy_event_log::{EventLog as _, KafkaLog, KafkaSettings, NewEvent};
use colloquy_sql::test_database::{database_of, missing_postgres_database, postgres_database};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Name, Report, doctor, mail_server, parked, variables};

const SECRET: &str = "a-word-that-is-kept";
/// Nothing listens below 1024.
const NOWHERE: &str = "127.0.0.1:1";

/// A distributed system whose tables and topics are made, and whose services all listen at one port that does not answer.
struct System {
    folder: TempDir,
    _peers: TcpListener,
    prefix: String,
    database: String,
    names: Vec<Name>,
}

fn address(variable: &str) -> String {
    std::env::var(variable)
        .expect("run the tests with `cargo xtask test`, which starts the real parts")
}

/// The `host:port` of a URL.
fn authority(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.split('/').next().unwrap();
    rest.rsplit('@').next().unwrap().to_owned()
}

fn colloquy(arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

impl System {
    async fn prepare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = postgres_database().await;
        let peers = TcpListener::bind("127.0.0.1:0").unwrap();
        let prefix = format!("doctor-{}-", Uuid::new_v4().simple());
        let [kafka, mongo, redis] =
            ["KAFKA", "MONGO", "REDIS"].map(|part| address(&format!("COLLOQUY_TEST_{part}")));
        let keys = folder.path().join("keys").display().to_string();
        let handed = folder.path().join("handed").display().to_string();
        colloquy(&[
            "keys",
            "generate",
            "--dir",
            &keys,
            "--algorithm",
            "EdDSA",
            "--hand-out",
            &handed,
        ]);
        let mail = mail_server();
        let mut settings = format!(
            "[http]\npublic_url = \"https://chat.example\"\nsecure_cookie = true\ntrusted_proxies = [\"10.0.0.2\"]\n\
             [sessions]\nurl = \"{database}\"\nalgorithms = [\"EdDSA\"]\n\
             [mail]\nurl = \"{database}\"\nsmtp_host = \"127.0.0.1\"\nsmtp_port = {mail}\nsmtp_tls = \"none\"\n\
             [event_log]\nbrokers = \"{kafka}\"\npartitions = 2\ntopic_prefix = \"{prefix}\"\n\
             [view_store]\nurl = \"{mongo}\"\ndatabase = \"{}\"\n[keys]\nfolder = \"{keys}\"\n",
            prefix.replace('-', "_")
        );
        for (section, url) in [
            ("accounts", &database),
            ("write_store", &database),
            ("expiring_store", &redis),
        ] {
            settings += &format!("[{section}]\nurl = \"{url}\"\n");
        }
        settings += "[peers]\n";
        for service in &ServiceName::ALL[2..] {
            let service = service.name();
            settings += &format!("{service} = [\"http://{}\"]\n", peers.local_addr().unwrap());
        }
        fs::write(folder.path().join("colloquy.toml"), settings).unwrap();
        let names = vec![
            (folder.path().display().to_string(), "DIR"),
            (prefix.clone(), ""),
            (authority(&database), "postgres:5432"),
            (kafka, "kafka:9092"),
            (authority(&mongo), "mongodb:27017"),
            (authority(&redis), "redis:6379"),
        ];
        let system = Self {
            folder,
            _peers: peers,
            prefix,
            database,
            names,
        };
        colloquy(&["migrate", "--config", &system.settings()]);
        system
    }

    fn settings(&self) -> String {
        self.folder
            .path()
            .join("colloquy.toml")
            .display()
            .to_string()
    }

    fn examine(&self, which: &[&str], changed: &[(String, String)]) -> Report {
        let settings = self.settings();
        let arguments = [&["--config", &settings], which].concat();
        let report = doctor(&arguments, changed, &self.names, 8192);
        assert!(
            !report.lines.concat().contains(SECRET),
            "{:#?}",
            report.lines
        );
        report
    }

    /// The whole system with other settings.
    fn with(&self, changed: &[(&str, &str)]) -> Report {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let changed: Vec<_> = changed.iter().map(owned).collect();
        self.examine(&["--distributed"], &changed)
    }

    /// The whole system with another database for all that is kept in PostgreSQL.
    fn with_postgres(&self, url: &str) -> Report {
        self.with(&["ACCOUNTS", "SESSIONS", "MAIL", "WRITE_STORE"].map(|one| (store(one), url)))
    }

    fn named(&mut self, here: String, name: &'static str) {
        self.names.insert(0, (here, name));
    }
}

/// The variable of the URL of a section.
fn store(section: &str) -> &'static str {
    match section {
        "ACCOUNTS" => "COLLOQUY_ACCOUNTS__URL",
        "SESSIONS" => "COLLOQUY_SESSIONS__URL",
        "MAIL" => "COLLOQUY_MAIL__URL",
        _ => "COLLOQUY_WRITE_STORE__URL",
    }
}

async fn run(url: &str, sql: String) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// One command of Redis, in the form that a person types.
fn redis(command: &str) {
    let mut stream = TcpStream::connect(authority(&address("COLLOQUY_TEST_REDIS"))).unwrap();
    stream
        .write_all(format!("{command}\r\n").as_bytes())
        .unwrap();
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).unwrap();
    assert!(!answer[..read].starts_with(b"-"), "{command}");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_are_well_on_postgres_kafka_mongo_redis_and_smtp_are_said_to_be() {
    let system = System::prepare().await;
    let report = system.with(&[]);
    report.is_well();
    let checks = [
        "postgres.rights",
        "kafka.replicas",
        "mongodb.clock",
        "redis.notices",
        "peers",
    ];
    for check in checks {
        assert!(
            report.lines.iter().any(|line| line.contains(check)),
            "{check}"
        );
    }
    for service in ServiceName::ALL.map(ServiceName::name) {
        let keys = system.folder.path().join("handed").join(service);
        let keys = variables([("COLLOQUY_KEYS__FOLDER", &keys.display().to_string())]);
        system.examine(&["--service", service], &keys).is_well();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_services_on_postgres_that_cannot_work_are_named_in_one_line() {
    let system = System::prepare().await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("redis://:{SECRET}@{}", silent.local_addr().unwrap());
    let mut system = system;
    system.named(authority(&silent), "redis:6379");
    let example = system.database.replace("app@", "app:changeme@");
    for (variable, value, expected) in [
        (
            "COLLOQUY_ACCOUNTS__URL",
            example.as_str(),
            "FAIL  settings              bad setting: accounts.url contains a well-known example password; choose another: no service starts with it → set a password of your own, best with a variable that ends in _FILE",
        ),
        ("COLLOQUY_HTTP__PUBLIC_URL", "", ""),
        (
            "COLLOQUY_EVENT_LOG__BROKERS",
            NOWHERE,
            "FAIL  kafka                 127.0.0.1:1 does not answer: the event log is unavailable: Meta data fetch error: BrokerTransportFailure (Local: Broker transport failure) → start it, or correct event_log.brokers",
        ),
        (
            "COLLOQUY_EVENT_LOG__PARTITIONS",
            "4",
            "FAIL  kafka.topics          chat-room-created has 2 partitions and event_log.partitions says 4, so no service starts → set event_log.partitions to 2",
        ),
        (
            "COLLOQUY_EVENT_LOG__TOPIC_PREFIX",
            "another.",
            "warn  kafka.topics          not there yet: another.chat-room-created, another.chat-message-sent, another.read-marker-updated, another.room-updated, another.read-status-updated, another.colloquy-warm-up → `colloquy migrate` makes them, and so does the first service that may",
        ),
        (
            "COLLOQUY_EXPIRING_STORE__URL",
            silent.as_str(),
            "FAIL  redis                 redis:6379 does not answer or does not let us in: the expiring store is unavailable: timed out → start it, or correct expiring_store.url",
        ),
        (
            "COLLOQUY_VIEW_STORE__URL",
            "mongodb://app:a-word-that-is-kept@127.0.0.1:1",
            "",
        ),
        (
            "COLLOQUY_MAIL__SMTP_HOST",
            "",
            "FAIL  mail                  mail.smtp_host is empty, so the mail service does not start → set mail.smtp_host to your mail server",
        ),
        (
            "COLLOQUY_KEYS__FOLDER",
            "/nowhere",
            "FAIL  keys                  keys.folder is /nowhere, which is no folder → `colloquy keys generate --dir FOLDER` makes what is missing",
        ),
    ] {
        let report = system.with(&[(variable, value)]);
        if expected.is_empty() {
            assert_eq!(
                report.findings().len(),
                1,
                "{variable}: {:#?}",
                report.lines
            );
        } else {
            report.names_only(expected);
        }
    }
    // No shell passes on a variable with a hyphen in its name.
    let text = fs::read_to_string(system.settings()).unwrap();
    let peer = text.lines().find(|line| line.starts_with("auth-service"));
    let moved = text.replace(
        peer.unwrap(),
        &format!("auth-service = [\"http://{NOWHERE}\"]"),
    );
    fs::write(system.settings(), moved).unwrap();
    system.with(&[]).names_only(
        "warn  peers                 nothing listens for auth-service at http://127.0.0.1:1, so calls that need it are 503 → start it, or correct [peers]",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_does_not_do_what_is_needed_is_named_in_one_line() {
    let mut system = System::prepare().await;
    let settings = "(accounts.url, sessions.url, mail.url, write_store.url)";
    let report = system.with_postgres(&format!("postgres://app:{SECRET}@{NOWHERE}/chat_db"));
    report.names_only(&format!("FAIL  postgres              127.0.0.1:1 does not answer {settings}: the store is unavailable: error communicating with database: Connection refused (os error 111) → start it, or correct the URL"));

    let missing = missing_postgres_database();
    system.named(database_of(&missing).to_owned(), "chat_db");
    let report = system.with_postgres(&missing);
    report.names_only(&format!("FAIL  postgres              postgres:5432 does not let us in {settings}: database \"chat_db\" does not exist → correct user, password or database of the URL, or the server's pg_hba.conf"));

    let role = format!("reader_{}", Uuid::new_v4().simple());
    let as_role = system
        .database
        .replace("app@", &format!("{role}:{SECRET}@"));
    run(&system.database, format!(
        "CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
         GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; REVOKE DELETE ON customers, outbox FROM {role}"
    )).await;
    let report = system.with_postgres(&as_role);
    run(
        &system.database,
        format!("DROP OWNED BY {role}; DROP ROLE {role}"),
    )
    .await;
    report.names_only("FAIL  postgres.rights       the role may not use customers, ids, outbox → grant it SELECT, INSERT, UPDATE and DELETE (of a sequence USAGE), or make it the owner");

    let database = database_of(&system.database);
    run(
        &system.database,
        format!(
            "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql
             AS $$ SELECT pg_catalog.clock_timestamp() - interval '10 minutes' $$;
         ALTER DATABASE {database} SET search_path = public, pg_catalog"
        ),
    )
    .await;
    system.with(&[]).names_only(
        "FAIL  postgres.clock        its clock is 600 s behind this machine's, so tokens between services are refused and times of messages are wrong → run NTP on both machines",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_kafka_that_do_not_reach_the_views_in_mongo_are_named_in_one_line() {
    let system = System::prepare().await;
    let kafka = address("COLLOQUY_TEST_KAFKA");
    let log = KafkaLog::connect(KafkaSettings {
        partitions: 2,
        topic_prefix: system.prefix.clone(),
        ..KafkaSettings::new(kafka)
    });
    let event = NewEvent {
        topic: Topic::ChatMessageSent,
        room_id: RoomId(1),
        event_id: "msg-1".into(),
        payload: "{}".into(),
        replayed: false,
        version: None,
        traceparent: None,
    };
    let durable = log.await.unwrap().append(&[event]).await.unwrap();
    assert_eq!(durable, [true]);
    system.with(&[]).names_only(
        "warn  events.lag            1 events wait for the views and no chat-query reads them, so new messages do not appear in rooms → start chat-query-service; `colloquy health` says what it waits for",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_parked_in_mongo_are_named_in_one_line() {
    let system = System::prepare().await;
    let database = system.prefix.replace('-', "_");
    let mongo = address("COLLOQUY_TEST_MONGO");
    let views = MongoViewStore::new(&mongo, &database).await.unwrap();
    views.save(&parked(SECRET)).await.unwrap();
    system.with(&[]).names_only(
        "warn  events.parked         1 events are put aside as broken, and rooms lack what they say → `colloquy parked list` says why; `colloquy parked replay` applies them once that is mended",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_does_not_let_us_write_is_named_in_one_line() {
    let mut system = System::prepare().await;
    let user = format!("reader-{}", Uuid::new_v4().simple());
    system.named(user.clone(), "chat");
    redis(&format!(
        "ACL SETUSER {user} on >{SECRET} ~* &* +@all -@scripting"
    ));
    let url =
        address("COLLOQUY_TEST_REDIS").replace("redis://", &format!("redis://{user}:{SECRET}@"));
    let report = system.with(&[("COLLOQUY_EXPIRING_STORE__URL", &url)]);
    redis(&format!("ACL DELUSER {user}"));
    let findings = report.findings();
    assert_eq!(findings.len(), 1, "{:#?}", report.lines);
    assert!(
        findings[0]
            .starts_with("FAIL  redis.rights          codes and presence cannot be stored: "),
        "{findings:?}"
    );
}
