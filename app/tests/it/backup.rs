//! A backup of a running system is of one moment, and what is restored of it has all that was acknowledged before (ADR 028).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod under_load;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::{
    data_folder::copy,
    disk::{Session, System},
};

fn colloquy(arguments: &[&str], paths: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .args(arguments)
        .args(paths)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn backup(data: &Path, into: &Path) -> Output {
    colloquy(&["backup", "--data"], &[data, into])
}

fn restore(from: &Path, data: &Path) -> Output {
    colloquy(&["restore", "--data"], &[data, from])
}

fn restore_with_sessions(from: &Path, data: &Path) -> Output {
    colloquy(&["restore", "--keep-sessions", "--data"], &[data, from])
}

/// What a command printed that did what it should.
fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{errors}");
    text
}

/// What a command said that refused.
fn refused(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(output.stdout.is_empty());
    errors
}

fn checked(folder: &Path) {
    let said = printed(&colloquy(&["check", "--data"], &[folder]));
    assert_eq!(said, "Everything is as it was written.\n");
}

/// A backup of a system with a room and two messages, the room, and the cookie of its session.
fn backed_up() -> (TempDir, PathBuf, String, String) {
    let parent = tempfile::tempdir().unwrap();
    let system = System::start(&parent.path().join("data"));
    let session = system.session();
    let room = session.room();
    for content in ["first", "second"] {
        assert!(session.send(&room, content).is_done());
    }
    let cookie = session.cookie.clone();
    let into = parent.path().join("backup");
    printed(&backup(&parent.path().join("data"), &into));
    drop(system);
    (parent, into, room, cookie)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_restored_system_goes_on_and_sessions_of_before_have_ended() {
    let (parent, from, room, cookie) = backed_up();
    let data = parent.path().join("restored");
    let said = printed(&restore(&from, &data));
    assert!(said.contains("All sessions have ended"), "{said}");
    assert!(!names(&data).contains(&"restoring".to_owned()));
    let system = System::start(&data);
    let before = Session {
        system: &system,
        cookie,
    };
    assert_eq!(before.call("GET", "/query/rooms").status, 401);
    let session = system.session();
    assert_eq!(session.history(&room), ["first", "second"]);
    let sent = session.send(&room, "third");
    assert_eq!(sent.between(r#""seq":"#, ","), "3");
}

#[test]
fn sessions_of_a_system_that_was_stopped_and_moved_go_on() {
    let (parent, _, room, cookie) = backed_up();
    let from = parent.path().join("of the stopped system");
    printed(&backup(&parent.path().join("data"), &from));
    let data = parent.path().join("restored");
    let said = printed(&restore_with_sessions(&from, &data));
    assert!(said.contains("Sessions go on"), "{said}");
    let system = System::start(&data);
    let session = Session {
        system: &system,
        cookie,
    };
    assert_eq!(session.history(&room), ["first", "second"]);
}

#[test]
fn nothing_is_overwritten_and_what_is_in_no_backup_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let system = System::start(&data);
    fs::write(data.join("views.db.aside.1"), "kept").unwrap();
    let into = parent.path().join("backup");
    fs::create_dir(&into).unwrap();
    fs::write(into.join("a file"), "of the operator").unwrap();
    let said = refused(&backup(&data, &into));
    assert!(said.contains("is not empty"), "{said}");
    assert_eq!(names(&into), ["a file"]);
    fs::remove_file(into.join("a file")).unwrap();
    let said = printed(&backup(&data, &into));
    assert!(said.ends_with("\nNot in it: views.db.aside.1.\n"), "{said}");
    drop(system);
    let said = refused(&restore(&into, &data));
    assert!(said.contains("is not empty"), "{said}");
    let nothing = parent.path().join("nothing");
    let said = refused(&backup(&nothing, &parent.path().join("another")));
    assert!(said.contains("no all-in-one system"), "{said}");
    assert_eq!(names(parent.path()), ["backup", "data"]);
}

#[test]
fn a_folder_that_a_process_uses_is_not_restored_into() {
    let (parent, from, ..) = backed_up();
    let data = parent.path().join("another");
    let _system = System::start(&data);
    let said = refused(&restore(&from, &data));
    assert!(said.contains("in use by another process"), "{said}");
}

#[test]
fn half_a_backup_is_refused_and_leaves_no_half_of_a_folder() {
    let (parent, whole, ..) = backed_up();
    checked(&whole);
    let listed = fs::read_to_string(whole.join("SHA256SUMS")).unwrap();
    let files: Vec<_> = listed.lines().filter_map(|line| line.get(66..)).collect();
    assert!(files.contains(&"write.db") && files.contains(&"keys/mail/seal.key"));
    let data = parent.path().join("restored");
    for file in files.into_iter().chain(["SHA256SUMS"]) {
        for damage in [remove, cut, flip] {
            let half = copy(&whole);
            damage(&half.path().join(file));
            refused(&restore(half.path(), &data));
            let left = if data.exists() {
                names(&data)
            } else {
                Vec::new()
            };
            assert!(left.is_empty() || left == ["lock"], "{file}: {left:?}");
        }
    }
    // The one that was looked at by `check` is still as it was written.
    printed(&restore(&whole, &data));
    checked(&data);
}

fn remove(file: &Path) {
    fs::remove_file(file).unwrap();
}

fn cut(file: &Path) {
    let content = fs::read(file).unwrap();
    fs::write(file, &content[..content.len() - 1]).unwrap();
}

fn flip(file: &Path) {
    let mut content = fs::read(file).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 4;
    fs::write(file, content).unwrap();
}

#[test]
fn a_file_of_the_folder_that_was_lost_does_not_fit_what_was_restored() {
    let (parent, from, ..) = backed_up();
    let data = parent.path().join("restored");
    printed(&restore(&from, &data));
    fs::copy(
        parent.path().join("data/accounts.db"),
        data.join("accounts.db"),
    )
    .unwrap();
    let said = crate::data_folder::refusal(&data);
    assert!(
        said.contains("accounts.db belongs to another data folder"),
        "{said}"
    );
}

#[test]
fn a_backup_that_cannot_be_finished_leaves_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    drop(System::start(&data));
    // A file that opens, and whose rows cannot be read.
    checked(&data);
    let file = data.join("accounts.db");
    let mut content = fs::read(&file).unwrap();
    for page in content.chunks_exact_mut(4096).skip(1) {
        page.fill(0xff);
    }
    fs::write(&file, content).unwrap();
    refused(&backup(&data, &parent.path().join("backup")));
    assert_eq!(names(parent.path()), ["data"]);
}
