//! What a process leaves behind.

use std::{fs, path::Path};

use super::*;

/// The files of a data folder that a backup of `*.db` holds, with the keys, in a folder of their own.
fn copy(data: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let copied = Command::new("cp")
        .arg("-a")
        .args(files(data, ".db"))
        .arg(data.join("keys"))
        .arg(copy.path())
        .status();
    assert!(copied.unwrap().success());
    copy
}

fn files(data: &Path, end: &str) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(data).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(end))
        .collect()
}

#[test]
fn b04_after_a_clean_end_the_files_are_whole() {
    let data = tempfile::tempdir().unwrap();
    let mut system = System::start(data.path());
    let user = system.session();
    let room = user.room();
    assert!(user.send(&room, "kept").is_done());
    eventually(SOON, "in history", || user.history(&room) == ["kept"]);
    system.signal("TERM");
    assert!(system.ends().success());
    assert_eq!(files(data.path(), "-wal"), [] as [std::path::PathBuf; 0]);

    let copy = copy(data.path());
    let system = System::start(copy.path());
    let user = system.session();
    assert_eq!(user.history(&room), ["kept"]);
}
