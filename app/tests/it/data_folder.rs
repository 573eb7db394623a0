//! A data folder is closed to other users (B02), and whole or refused (B03; decision 41).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs::{self, Permissions},
    io::{BufRead as _, BufReader},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use colloquy_chat_query::{SqliteViewStore, ViewStore as _};
use colloquy_contracts::RoomId;
use colloquy_event_log::{EmbeddedLog, EventLog as _};
use colloquy_sql::sqlite::SqliteDatabase;
use tempfile::TempDir;

use crate::operating::{EVERYTHING, eventually, message, outbox, room};

const TRUTH: [&str; 4] = ["accounts.db", "sessions.db", "mail.db", "write.db"];

/// A running all-in-one system, killed with the value.
pub struct System(Child);

impl Drop for System {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts the system under the most open umask, and answers when it serves.
pub fn start(data: &Path) -> System {
    serving(&mut command(data))
}

/// The same, with what it logs in a file.
pub fn start_logging_to(data: &Path, log: &Path) -> System {
    serving(command(data).stderr(fs::File::create(log).unwrap()))
}

fn serving(command: &mut Command) -> System {
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut greeting = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("stop with") {
        line.clear();
        let read = greeting.read_line(&mut line).unwrap();
        assert!(read > 0, "it has ended");
    }
    System(process)
}

fn command(data: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "umask 000; exec \"$@\"",
            "sh",
            env!("CARGO_BIN_EXE_colloquy"),
        ])
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdin(Stdio::null());
    command
}

fn adopt(data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_colloquy"));
    command
        .args(["adopt", "--data"])
        .arg(data)
        .output()
        .unwrap()
}

fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The line with which a start refuses this folder.
pub fn refusal(data: &Path) -> String {
    let output = command(data).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    let refusals: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("colloquy: "))
        .collect();
    assert_eq!(refusals.len(), 1, "{text}");
    assert!(text.contains("`colloquy adopt --data "), "{text}");
    refusals[0].to_owned()
}

/// A folder of a system that has been started and killed so often.
fn folder(starts: u32) -> TempDir {
    let data = tempfile::tempdir().unwrap();
    for _ in 0..starts {
        drop(start(data.path()));
    }
    data
}

/// Everything below the folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(below(&path));
        }
        found.push(path);
    }
    found
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o777
}

/// Moves a database of one folder into another, with all that SQLite keeps beside it.
fn put(file: &str, from: &Path, to: &Path) {
    for beside in ["", "-wal", "-shm"] {
        let name = format!("{file}{beside}");
        let _ = fs::remove_file(to.join(&name));
        if from.join(&name).exists() {
            fs::copy(from.join(&name), to.join(&name)).unwrap();
        }
    }
}

pub fn remove(file: &str, from: &Path) {
    put(file, Path::new("/nowhere"), from);
}

#[test]
fn b02_what_is_made_is_closed_to_others_whatever_the_umask() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("made by the operator");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    let system = start(&data);
    let made = below(&data);
    for name in [
        "accounts.db",
        "accounts.db-wal",
        "accounts.db-shm",
        "lock",
        "keys",
        "mails",
    ] {
        assert!(made.contains(&data.join(name)), "{name}: {made:?}");
    }
    for path in &made {
        assert_eq!(mode(path) & 0o077, 0, "{}", path.display());
    }
    assert_eq!(mode(&data), 0o755, "the operator's folder stays as it is");
    drop(system);

    // Files of a release that made them with the umask.
    fs::set_permissions(data.join("accounts.db"), Permissions::from_mode(0o644)).unwrap();
    drop(start(&data));
    assert_eq!(mode(&data.join("accounts.db")), 0o600);
}

#[test]
fn b02_a_folder_that_others_can_enter_is_warned_of_at_each_start() {
    let data = tempfile::tempdir().unwrap();
    for (mode, warned) in [(0o755, true), (0o750, true), (0o700, false)] {
        fs::set_permissions(data.path(), Permissions::from_mode(mode)).unwrap();
        let text = what_a_refused_start_says(data.path());
        let warning = "other users of this machine can enter the data folder";
        assert_eq!(text.contains(warning), warned, "{mode:o}: {text}");
    }
}

/// Of a folder with a file that is no database.
fn what_a_refused_start_says(data: &Path) -> String {
    fs::write(data.join("accounts.db"), "no database").unwrap();
    let output = command(data).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn b03_a_missing_file_is_refused_with_its_name() {
    let whole = folder(1);
    for file in TRUTH {
        let data = copy(whole.path());
        remove(file, data.path());
        let said = refusal(data.path());
        assert!(said.contains(&format!("{file} is missing")), "{said}");
        assert!(
            !data.path().join(file).exists(),
            "it was made by a refused start"
        );
        assert!(data.path().join("views.db").exists());
    }
}

#[test]
fn b03_a_file_of_another_folder_or_of_an_older_time_is_refused() {
    let (data, other) = (folder(1), folder(1));
    let old = copy(data.path());
    drop(start(data.path()));
    let one_behind = copy(data.path());
    put("accounts.db", old.path(), one_behind.path());
    drop(start(one_behind.path()));
    drop(start(data.path()));
    for file in TRUTH {
        let foreign = copy(data.path());
        put(file, other.path(), foreign.path());
        let said = refusal(foreign.path());
        assert!(
            said.contains(&format!("{file} belongs to another data folder")),
            "{said}"
        );
        let older = copy(data.path());
        put(file, old.path(), older.path());
        let said = refusal(older.path());
        assert!(
            said.contains(&format!("{file} is older than the rest (start 1 of 3)")),
            "{said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b03_views_are_made_again_and_the_old_ones_kept() {
    let (data, other) = (folder(1), folder(1));
    for (views, aside) in [(None, 0), (Some(other.path()), 1)] {
        put(
            "views.db",
            views.unwrap_or(Path::new("/nowhere")),
            data.path(),
        );
        drop(start(data.path()));
        let kept = data.path().join("views.db.aside.1").exists();
        assert_eq!(usize::from(kept), aside);
    }
    remove("views.db", data.path());
    fs::write(data.path().join("views.db"), "no database").unwrap();
    drop(start(data.path()));
    assert!(data.path().join("views.db.aside.2").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn b03_views_that_are_the_last_copy_of_messages_outlive_the_write_file() {
    let data = tempfile::tempdir().unwrap();
    let system = start(data.path());
    append_a_message(data.path()).await;
    drop(system);
    remove("write.db", data.path());
    assert!(refusal(data.path()).contains("write.db is missing"));
    assert_eq!(messages(data.path(), "views.db").await, 1);

    let said = printed(&adopt(data.path()));
    assert!(said.contains("write.db    missing\n"), "{said}");
    assert!(said.contains("accounts.db of the folder "), "{said}");
    assert!(said.contains("`colloquy keys rotate --dir "), "{said}");
    drop(start(data.path()));
    assert_eq!(messages(data.path(), "views.db").await, 0);
    assert_eq!(messages(data.path(), "views.db.aside.1").await, 1);
    assert!(printed(&adopt(data.path())).contains("nothing was changed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b03_a_new_account_never_gets_the_number_of_one_that_was_lost() {
    let data = tempfile::tempdir().unwrap();
    let system = start(data.path());
    let written = outbox(data.path(), "write.db").await;
    sqlx::raw_sql(
        "INSERT INTO rooms (room_id, room_name, created_by, created_at) VALUES (1, 'Room', 70, 0);
         INSERT INTO room_participants (room_id, customer_id, joined_at) VALUES (1, 70, 0), (1, 69, 0);",
    )
    .execute(&written.database().writer)
    .await
    .unwrap();
    close(written.database()).await;
    drop(system);
    remove("accounts.db", data.path());
    printed(&adopt(data.path()));
    drop(start(data.path()));
    let accounts = outbox(data.path(), "accounts.db").await;
    let inserted: i64 = sqlx::query_scalar(
        "INSERT INTO customers (username, username_lower, password, full_name, email, email_lower, avatar_color, roles)
         VALUES ('new', 'new', '', '', 'new', 'new', '', '[]') RETURNING customer_id",
    )
    .fetch_one(&accounts.database().writer)
    .await
    .unwrap();
    assert_eq!(inserted, 71);
}

#[tokio::test(flavor = "multi_thread")]
async fn b03_a_folder_of_the_previous_release_is_given_an_id_when_it_has_all_files() {
    let data = folder(1);
    for file in TRUTH.iter().chain([&"views.db"]) {
        forget_folder(data.path(), file).await;
    }
    let lacking = copy(data.path());
    remove("mail.db", lacking.path());
    assert!(refusal(lacking.path()).contains("mail.db is missing"));
    drop(start(data.path()));
    remove("mail.db", data.path());
    assert!(refusal(data.path()).contains("mail.db is missing"));
}

#[test]
fn b03_a_start_that_is_killed_soon_can_be_started_again() {
    let data = tempfile::tempdir().unwrap();
    for step in 0..20 {
        let mut process = command(data.path()).stdout(Stdio::null()).spawn().unwrap();
        // Somewhere within a start, each time a little later: whatever is reached, the next start must go on.
        std::thread::sleep(Duration::from_millis(step * 12));
        process.kill().unwrap();
        process.wait().unwrap();
    }
    drop(start(data.path()));
}

pub fn copy(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for path in below(folder) {
        let place = copy.path().join(path.strip_prefix(folder).unwrap());
        if path.is_dir() {
            fs::create_dir_all(place).unwrap();
        } else {
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::copy(&path, place).unwrap();
        }
    }
    copy
}

async fn forget_folder(data: &Path, file: &str) {
    let outbox = outbox(data, file).await;
    let writer = &outbox.database().writer;
    let forgotten = sqlx::query("DROP TABLE data_folder").execute(writer).await;
    forgotten.unwrap();
    close(outbox.database()).await;
}

/// As a whole file, which can be moved.
pub async fn close(database: &SqliteDatabase) {
    database.readers.close().await;
    database.writer.close().await;
}

/// A message of a running system, when its views show it.
async fn append_a_message(data: &Path) {
    let (written, views) = (
        outbox(data, "write.db").await,
        outbox(data, "views.db").await,
    );
    let log = EmbeddedLog::new(written, views);
    log.append(&[room(), message(1)]).await.unwrap();
    eventually(async || messages(data, "views.db").await == 1).await;
}

/// How many messages these views show.
async fn messages(data: &Path, views: &str) -> usize {
    let outbox = outbox(data, views).await;
    let store = SqliteViewStore::open(outbox.clone()).await.unwrap();
    let shown = store.history(RoomId(1), EVERYTHING).await.unwrap().len();
    close(outbox.database()).await;
    shown
}
