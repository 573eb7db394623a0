//! What an operator does beside a running system: parked events, and views that are rebuilt.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::Duration,
};

use colloquy_chat_query::{
    MongoViewStore, SqliteViewStore, ViewStore as _,
    parked::{LogPosition, ParkedEvent},
    view_store::{Page, ViewWrite},
};
use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Seq, Timestamp, Topic,
    events::{ChatMessageSent, ChatRoomCreated, Participant, WriteEvent},
};
use colloquy_event_log::{EmbeddedLog, EventLog as _, NewEvent, SqliteOutbox};
use colloquy_sql::sqlite::{Durability, SqliteDatabase};
use tempfile::TempDir;
use uuid::Uuid;

const SECRET: &str = "a word between two";
pub const EVERYTHING: Page = Page {
    before: None,
    after_seq: None,
    limit: 1_000,
};

/// A running all-in-one system, ended with the test.
struct System {
    process: Child,
    /// Open as long as it runs: it prints more than one line.
    _stdout: BufReader<ChildStdout>,
    data: TempDir,
    log: EmbeddedLog,
    views: SqliteViewStore,
}

impl Drop for System {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl System {
    async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_colloquy"))
            .arg("--data")
            .arg(data.path())
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut greeting = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("http://") {
            line.clear();
            assert!(greeting.read_line(&mut line).unwrap() > 0, "it has ended");
        }
        let announced = outbox(data.path(), "views.db").await;
        Self {
            process,
            _stdout: greeting,
            log: EmbeddedLog::new(outbox(data.path(), "write.db").await, announced.clone()),
            views: SqliteViewStore::open(announced).await.unwrap(),
            data,
        }
    }

    /// Appends the events, as the write side would.
    async fn append_events(&self, events: &[NewEvent]) {
        let durable = self.log.append(events).await.unwrap();
        assert!(durable.into_iter().all(|one| one));
    }

    async fn messages(&self) -> usize {
        let history = self.views.history(RoomId(1), EVERYTHING).await;
        history.unwrap().len()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        colloquy(self.data.path(), arguments)
    }
}

pub async fn outbox(folder: &Path, file: &str) -> SqliteOutbox {
    let path = folder.join(file);
    let database = SqliteDatabase::open(&path, Durability::Rebuildable).await;
    SqliteOutbox::open(database.unwrap()).await.unwrap()
}

fn colloquy(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The output of what must end so.
fn ends_with(output: &Output, code: i32) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{}{errors}", text(output));
    text(output)
}

pub async fn eventually(holds: impl AsyncFn() -> bool) {
    let in_time = tokio::time::timeout(Duration::from_secs(30), async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    in_time.await.expect("it comes to hold");
}

pub fn room() -> NewEvent {
    let at = Timestamp::from_millis(1_700_000_000_000);
    let participants = [1, 2].map(|id| Participant {
        id: CustomerId(id),
        full_name: format!("Customer {id}"),
        joined_at: at,
    });
    NewEvent::from(&WriteEvent::RoomCreated(ChatRoomCreated {
        room_id: RoomId(1),
        room_name: "Room".into(),
        created_by: CustomerId(1),
        created_at: at,
        participants: participants.into(),
    }))
}

pub fn message(seq: i64) -> NewEvent {
    NewEvent::from(&message_sent(seq))
}

fn message_sent(seq: i64) -> WriteEvent {
    WriteEvent::MessageSent(ChatMessageSent {
        message_id: MessageId(seq),
        room_id: RoomId(1),
        sender_id: CustomerId(1),
        sender_full_name: "Customer 1".into(),
        content: SECRET.into(),
        sent_at: Timestamp::from_millis(1_700_000_000_000 + seq),
        seq: Seq(seq),
        client_key: None,
    })
}

/// A message whose seq is no number, but a text that no other user should read.
fn broken() -> NewEvent {
    let payload = String::from_utf8_lossy(&message(9).payload).into_owned();
    NewEvent {
        payload: payload
            .replace("\"seq\":9", &format!("\"seq\":\"{SECRET}\""))
            .into(),
        ..message(9)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decision_8_parked_events_are_listed_shown_and_replayed_while_the_system_runs() {
    let system = System::start().await;
    assert_eq!(
        ends_with(&system.run(&["parked", "list"]), 0),
        "No event is parked.\n"
    );
    system.append_events(&[room(), broken(), message(1)]).await;
    eventually(async || system.views.parked(None, 9).await.unwrap().len() == 1).await;
    eventually(async || system.messages().await == 1).await;
    let of_an_older_version = write(vec![parked(message(2))]);
    system.views.save(&of_an_older_version).await.unwrap();

    let listed = ends_with(&system.run(&["parked", "list"]), 0);
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    assert!(lines[0].starts_with("ID ") && lines[0].ends_with("REASON"));
    assert!(lines[1].starts_with("chat-message-sent:0:2 "));
    assert!(lines[1].ends_with("1      the value cannot be decoded"));
    assert!(lines[2].contains("2023-11-14T22:13:20.000Z"), "{listed}");
    assert!(!listed.contains(SECRET), "{listed}");

    let shown = ends_with(&system.run(&["parked", "show", "chat-message-sent:0:2"]), 0);
    assert!(shown.contains("event-id  message:9\n") && shown.contains(SECRET));

    let replayed = system.run(&["parked", "replay", "chat-message-sent:0:2"]);
    let replayed = ends_with(&replayed, 1);
    assert!(replayed.ends_with("0 applied, 1 still parked.\n"));
    assert!(!replayed.contains(SECRET), "{replayed}");
    let replayed = ends_with(&system.run(&["parked", "replay", "--all"]), 1);
    assert!(replayed.contains("chat-message-sent:0:700 is applied.\n"));
    assert!(replayed.ends_with("1 applied, 1 still parked.\n"));
    assert_eq!(system.messages().await, 2);
    let left = system.views.parked(None, 9).await.unwrap();
    assert_eq!((left.len(), left[0].tries), (1, 3));

    ends_with(&system.run(&["parked", "show", "chat-message-sent:0:3"]), 1);
    ends_with(
        &system.run(&["parked", "replay", "chat-message-sent:0:3"]),
        1,
    );
    ends_with(&system.run(&["parked", "replay"]), 2);
    ends_with(&system.run(&["parked", "show", "nonsense"]), 2);
}

fn parked(event: NewEvent) -> ParkedEvent {
    ParkedEvent {
        position: LogPosition {
            topic: Topic::ChatMessageSent,
            partition: 0,
            offset: 700,
        },
        key: "1".into(),
        event_id: event.event_id,
        payload: event.payload,
        reason: "the value cannot be decoded: by an older version".into(),
        parked_at: Timestamp::from_millis(1_700_000_000_000),
        tries: 1,
    }
}

fn write(parked: Vec<ParkedEvent>) -> ViewWrite {
    ViewWrite {
        messages: Vec::new(),
        markers: Vec::new(),
        rooms: Vec::new(),
        parked,
        announcements: Vec::new(),
        position: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decision_14_views_are_rebuilt_while_the_system_runs() {
    let system = System::start().await;
    let mut events = vec![room(), broken()];
    events.extend((1..=50).map(message));
    system.append_events(&events).await;
    eventually(async || system.messages().await == 50).await;
    let before = system.views.history(RoomId(1), EVERYTHING).await.unwrap();
    let spoil = outbox(system.data.path(), "views.db").await;
    sqlx::query("DELETE FROM messages WHERE seq % 2 = 0")
        .execute(&spoil.database().writer)
        .await
        .unwrap();
    assert_eq!(system.messages().await, 25);

    let rebuilt = ends_with(&system.run(&["views", "rebuild"]), 0);
    assert_eq!(
        rebuilt,
        "The views were rebuilt from 52 events, of which 1 are parked.\n"
    );
    let after = system.views.history(RoomId(1), EVERYTHING).await.unwrap();
    assert_eq!(after, before);
    // The process goes on with the views that took the place of its own.
    system.append_events(&[message(51)]).await;
    eventually(async || system.messages().await == 51).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_a_log_that_holds_less_than_the_views_replaces_them_only_by_force() {
    let system = System::start().await;
    let mut events = vec![room()];
    events.extend((1..=50).map(message));
    system.append_events(&events).await;
    eventually(async || system.messages().await == 50).await;
    let trim = outbox(system.data.path(), "write.db").await;
    sqlx::query("DELETE FROM outbox WHERE id BETWEEN 2 AND 31")
        .execute(&trim.database().writer)
        .await
        .unwrap();

    let refused = system.run(&["views", "rebuild"]);
    assert_eq!(ends_with(&refused, 2), "");
    let why = String::from_utf8_lossy(&refused.stderr);
    let counts = "the log holds 1 rooms and 20 messages (30 missing), the views show 1 rooms and 50 messages (0 missing)";
    assert!(why.contains(counts), "{why}");
    assert!(!why.contains("republish"), "it takes no --data: {why}");
    assert!(why.contains("`--force`"), "{why}");
    assert_eq!(system.messages().await, 50);
    system.append_events(&[message(51)]).await;
    eventually(async || system.messages().await == 51).await;

    let rebuilt = ends_with(&system.run(&["views", "rebuild", "--force"]), 0);
    assert_eq!(
        rebuilt,
        "The views were rebuilt from 22 events, of which 0 are parked.\n"
    );
    assert_eq!(system.messages().await, 21);
}

#[test]
fn where_no_system_is_nothing_is_made() {
    let data = tempfile::tempdir().unwrap();
    for arguments in [["views", "rebuild"], ["parked", "list"]] {
        let output = colloquy(data.path(), &arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains("no all-in-one system"), "{errors}");
        assert_eq!(data.path().read_dir().unwrap().count(), 0);
    }
}

/// The distributed system, as far as its views go.
mod mongodb {
    use super::*;

    struct Distributed {
        views: MongoViewStore,
        folder: TempDir,
    }

    impl Distributed {
        /// With these brokers, and nothing in topics or views.
        async fn new(brokers: &str) -> Self {
            let url = std::env::var("COLLOQUY_TEST_MONGO")
                .expect("run the tests with `cargo xtask test`, which starts the real parts");
            let name = format!("operating_{}", Uuid::new_v4().simple());
            let folder = tempfile::tempdir().unwrap();
            let settings = format!(
                "[view_store]\nurl = \"{url}\"\ndatabase = \"{name}\"\n\
                 [event_log]\nbrokers = \"{brokers}\"\ntopic_prefix = \"{name}-\"\n"
            );
            std::fs::write(folder.path().join("colloquy.toml"), settings).unwrap();
            let views = MongoViewStore::new(&url, &name).await.unwrap();
            views.prepare().await.unwrap();
            Self { views, folder }
        }

        fn run(&self, arguments: &[&str]) -> Output {
            Command::new(env!("CARGO_BIN_EXE_colloquy"))
                .args(arguments)
                .arg("--config")
                .arg(self.folder.path().join("colloquy.toml"))
                .stdin(Stdio::null())
                .output()
                .unwrap()
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn decision_8_parked_events_are_listed_and_shown_while_kafka_is_away() {
        let system = Distributed::new("127.0.0.1:9").await;
        let event = parked(broken());
        let id = event.position.to_string();
        system.views.save(&write(vec![event])).await.unwrap();
        let listed = ends_with(&system.run(&["parked", "list"]), 0);
        assert_eq!(listed.lines().count(), 2, "{listed}");
        let shown = ends_with(&system.run(&["parked", "show", &id]), 0);
        assert!(shown.contains("event-id  message:9\n"), "{shown}");
    }

    mod kafka {
        use super::*;

        #[tokio::test(flavor = "multi_thread")]
        async fn f11_who_may_have_lost_topics_is_told_how_they_come_back() {
            let brokers = std::env::var("COLLOQUY_TEST_KAFKA").unwrap();
            let system = Distributed::new(&brokers).await;
            let WriteEvent::MessageSent(message) = message_sent(1) else {
                panic!("a message");
            };
            let shown = ViewWrite {
                messages: vec![message],
                ..write(Vec::new())
            };
            system.views.save(&shown).await.unwrap();
            let refused = system.run(&["views", "rebuild"]);
            assert_eq!(ends_with(&refused, 2), "");
            let why = String::from_utf8_lossy(&refused.stderr);
            for advice in ["run `colloquy republish` first", "`--force`"] {
                assert!(why.contains(advice), "{why}");
            }
        }
    }
}
