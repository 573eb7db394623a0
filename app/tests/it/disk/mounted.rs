//! A disk that is full, and then is not.

use std::{
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    process::Command,
};

use tempfile::TempDir;

use super::*;

/// A disk of 6 MiB.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"])
            .arg(folder.path())
            .status();
        assert!(mounted.unwrap().success(), "root mounts a small disk");
        Self(folder)
    }

    /// Leaves not one byte, and answers what has to be removed for there to be room again.
    fn fill(&self) -> PathBuf {
        let path = self.0.path().join("filler");
        let mut filler = File::create(&path).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(unmounted.unwrap().success());
    }
}

#[test]
fn b01_a_disk_that_was_full_works_again_without_a_restart_and_nothing_is_lost() {
    let disk = SmallDisk::mount();
    let mut system = System::start(&disk.0.path().join("data"));
    let user = system.session();
    let (room, mut acknowledged) = (user.room(), Vec::new());
    for round in 0..3 {
        let filler = disk.fill();
        let (mut sends, mut logins) = (0, 0);
        // The write-ahead log may have room of its own for the first ones.
        for number in 0..30 {
            let content = format!("{round}, {number}");
            if user.send(&room, &content).is_done() {
                acknowledged.push(content);
            } else {
                sends += 1;
            }
            if number % 3 == 2 && !system.log_in("user1").is_done() {
                logins += 1;
            }
        }
        assert!(
            sends > 10 && logins > 0,
            "{sends} and {logins} were refused"
        );
        eventually(IN_TIME, "unready", || system.readiness().status == 503);

        fs::remove_file(filler).unwrap();
        let content = format!("after {round}");
        eventually(IN_TIME, "writing", || user.send(&room, &content).is_done());
        acknowledged.push(content);
        eventually(IN_TIME, "letting in", || system.log_in("user1").is_done());
        eventually(IN_TIME, "ready", || system.readiness().status == 200);
    }
    eventually(IN_TIME, "in history", || {
        user.history(&room).len() >= acknowledged.len()
    });
    assert_eq!(user.history(&room), acknowledged);
    assert!(system.process.try_wait().unwrap().is_none());
}
