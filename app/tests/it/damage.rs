//! What the disk does to `write.db` is refused or reported, never served in silence (B28, F38).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use colloquy_chat_command::{
    domain::{MessageContent, RoomName},
    write_store::{
        Command as Asked, NewMessage, NewRoom, Recorded, SqliteWriteStore, Submission,
        WriteStore as _,
    },
};
use colloquy_chat_query::{SqliteViewStore, ViewStore as _};
use colloquy_contracts::{CustomerId, MessageId, RoomId, Timestamp, events::WriteEvent};
use colloquy_event_log::{AuditTrail as _, EmbeddedLog, write_event};
use colloquy_sql::sqlite::{Durability, SqliteDatabase};
use tempfile::TempDir;

use crate::{
    data_folder::{close, copy, refusal, remove, start, start_logging_to},
    operating::{EVERYTHING, eventually, outbox},
};

const MESSAGES: usize = 30;
/// Positions of a file at which a byte is changed, evenly spread.
const POSITIONS: usize = 120;

/// A folder of a system that has acknowledged a room and its messages, shows them, and has ended.
async fn acknowledged() -> (TempDir, BTreeMap<MessageId, String>) {
    let data = tempfile::tempdir().unwrap();
    let system = start(data.path());
    let written = outbox(data.path(), "write.db").await;
    let store = SqliteWriteStore::open(written.clone()).await.unwrap();
    let room = ask(
        &store,
        Asked::CreateRoom(NewRoom {
            name: RoomName::parse("Room".into()).unwrap(),
            created_by: CustomerId(1),
            members: vec![(CustomerId(1), "One".into()), (CustomerId(2), "Two".into())],
        }),
    );
    let Recorded::Room { room_id } = room.await else {
        panic!("a room");
    };
    let mut sent = BTreeMap::new();
    for number in 1..=MESSAGES {
        let text = format!("this is text number {number} of the room");
        let message = ask(
            &store,
            Asked::SendMessage(NewMessage {
                room_id,
                sender_id: CustomerId(1),
                sender_full_name: "One".into(),
                content: MessageContent::parse(text.clone(), 100).unwrap(),
            }),
        );
        let Recorded::Message { message_id, .. } = message.await else {
            panic!("a message");
        };
        sent.insert(message_id, text);
    }
    eventually(async || shown(data.path()).await == sent).await;
    drop(system);
    close(written.database()).await;
    for file in [
        "accounts.db",
        "sessions.db",
        "mail.db",
        "write.db",
        "views.db",
    ] {
        close(outbox(data.path(), file).await.database()).await;
    }
    assert!(!data.path().join("write.db-wal").exists());
    (data, sent)
}

async fn ask(store: &SqliteWriteStore, command: Asked) -> Recorded {
    let asked = Submission {
        command,
        key: None,
        at: Timestamp::from_millis(1_700_000_000_000),
        trace: None,
    };
    let mut answers = store.record(&[asked]).await.unwrap();
    answers.remove(0).unwrap().recorded
}

/// What the views of the room show.
async fn shown(data: &Path) -> BTreeMap<MessageId, String> {
    let outbox = outbox(data, "views.db").await;
    let views = SqliteViewStore::open(outbox.clone()).await.unwrap();
    let history = views.history(RoomId(1), EVERYTHING).await.unwrap();
    close(outbox.database()).await;
    let texts = history.into_iter().map(|one| (one.message_id, one.content));
    texts.collect()
}

fn check(data: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .args(["check", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What a check prints that must end so.
fn checked(data: &Path, code: i32) -> String {
    let output = check(data);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}{errors}");
    text
}

fn names_and_modes(data: &Path) -> BTreeMap<PathBuf, u32> {
    let entries = fs::read_dir(data).unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.path(), entry.metadata().unwrap().permissions().mode())
    });
    entries.collect()
}

/// Where these bytes are in the file.
fn places(file: &Path, bytes: &[u8]) -> Vec<usize> {
    let content = fs::read(file).unwrap();
    let windows = content.windows(bytes.len()).enumerate();
    let found = windows.filter(|(_, window)| *window == bytes);
    found.map(|(place, _)| place).collect()
}

fn change(file: &Path, place: usize, by: u8) {
    let mut content = fs::read(file).unwrap();
    content[place] ^= by;
    fs::write(file, content).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn b28_a_flipped_letter_of_a_message_is_reported_with_room_and_message() {
    let (whole, sent) = acknowledged().await;
    // As an earlier release made it.
    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(whole.path().join("mail.db"), open).unwrap();
    let before = names_and_modes(whole.path());
    assert_eq!(
        checked(whole.path(), 0),
        "Everything is as it was written.\n"
    );
    assert_eq!(names_and_modes(whole.path()), before);
    let (&id, text) = sent.iter().nth(16).unwrap();
    let places = places(&whole.path().join("write.db"), text.as_bytes());
    assert_eq!(places.len(), 2, "the message and its event");
    let mut reported = Vec::new();
    for place in places {
        let data = copy(whole.path());
        change(&data.path().join("write.db"), place + 8, 1);
        let said = checked(data.path(), 1);
        assert!(said.contains("of room 1"), "{said}");
        reported.push(said);

        // The views are made again from the events.
        remove("views.db", data.path());
        let log = data.path().join("log");
        let system = start_logging_to(data.path(), &log);
        let is_event = reported.last().unwrap().contains("event ");
        let mut expected = sent.clone();
        if is_event {
            expected.remove(&id);
        }
        eventually(async || shown(data.path()).await == expected).await;
        drop(system);
        let said = fs::read_to_string(log).unwrap();
        let names = said.contains(&format!("message:{id}")) && said.contains("room.id=1");
        assert_eq!(names && said.contains("ERROR"), is_event, "{said}");
    }
    reported.sort();
    assert!(
        reported[0].contains(&format!("\"message:{id}\" of room 1")),
        "{reported:?}"
    );
    assert!(
        reported[1].contains(&format!("message {id} of room 1 (seq 17)")),
        "{reported:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b28_a_file_that_is_cut_is_refused() {
    let (whole, _) = acknowledged().await;
    let length = whole.path().join("write.db").metadata().unwrap().len();
    for (cut, says) in [
        (length - 100, "write.db cannot be read (its end is missing)"),
        (length - 4096, "write.db cannot be read"),
        (length / 2 / 4096 * 4096, "write.db cannot be read"),
        (50, "write.db cannot be read"),
        (0, "write.db is missing"),
    ] {
        let data = copy(whole.path());
        let file = fs::OpenOptions::new()
            .write(true)
            .open(data.path().join("write.db"));
        file.unwrap().set_len(cut).unwrap();
        assert!(refusal(data.path()).contains(says), "{cut}");
        assert!(checked(data.path(), 1).contains(says), "{cut}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b28_whatever_byte_flips_what_is_read_is_what_was_acknowledged_or_it_is_reported() {
    let (whole, sent) = acknowledged().await;
    let data = copy(whole.path());
    let file = data.path().join("write.db");
    let length = fs::metadata(&file).unwrap().len() as usize;
    let mut reported = 0;
    for number in 0..POSITIONS {
        fs::copy(whole.path().join("write.db"), &file).unwrap();
        // Each of the eight bits in its turn, and no multiple of a page.
        change(
            &file,
            number * length / POSITIONS + number % 7,
            1 << (number % 8),
        );
        let read = read(&file).await;
        let wrong = read.iter().find(|(id, text)| sent.get(id) != Some(text));
        assert_eq!(wrong, None, "at position {number}");
        if read != sent {
            let output = check(data.path());
            assert_ne!(output.status.code(), Some(0), "at position {number}");
            reported += 1;
        }
        for beside in ["write.db-wal", "write.db-shm"] {
            let _ = fs::remove_file(data.path().join(beside));
        }
    }
    assert!(reported > 0, "no byte of an event was met");
}

/// The messages that any reader of the log gets to know.
async fn read(file: &Path) -> BTreeMap<MessageId, String> {
    let mut messages = BTreeMap::new();
    let Ok(database) = SqliteDatabase::open(file, Durability::Full).await else {
        return messages;
    };
    if let Ok(outbox) = colloquy_event_log::SqliteOutbox::open(database.clone()).await {
        let log = EmbeddedLog::new(outbox.clone(), outbox);
        if let Ok(mut trail) = log.read_from_beginning().await {
            while let Ok(records) = trail.next(5).await {
                if records.is_empty() {
                    break;
                }
                for event in records.iter().filter_map(|one| write_event::read(one).ok()) {
                    if let WriteEvent::MessageSent(message) = event {
                        messages.insert(message.message_id, message.content);
                    }
                }
            }
        }
    }
    close(&database).await;
    messages
}
