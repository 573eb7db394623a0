//! A disk that fails: while strace is attached to the process, it lets system calls on one file fail.

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

const WRITES: &str = "write,pwrite64";
const SYNCS: &str = "fsync,fdatasync";

/// As long as this lives, system calls on one file fail.
struct Fault(Child);

impl Fault {
    fn of(system: &System, file: &Path, calls: &str, error: &str) -> Self {
        let log = PathBuf::from(format!("{}-wal", file.display()));
        let mut strace = Command::new("strace")
            .args(["-f", "-p", &system.process.id().to_string()])
            .args(["-P".as_ref(), file, "-P".as_ref(), log.as_path()])
            .args(["-e", &format!("trace={calls}")])
            .args(["-e", &format!("inject={calls}:error={error}")])
            .stderr(Stdio::piped())
            .spawn()
            .expect("strace is installed, as `cargo xtask test` does");
        let mut said = BufReader::new(strace.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.contains("attached"), "{line}");
        // What else it says has to be read, or it would stand still.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Self(strace)
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        let pid = self.0.id().to_string();
        Command::new("kill").arg(&pid).status().unwrap();
        self.0.wait().unwrap();
    }
}

/// The start of a system on that folder, with syncs of one file that fail, until it ends.
fn start_with_failing_syncs(data: &Path, file: &Path) -> ExitStatus {
    Command::new("strace")
        .args(["-f".as_ref(), "-P".as_ref(), file])
        .args(["-e", &format!("trace={SYNCS}")])
        .args(["-e", &format!("inject={SYNCS}:error=EIO")])
        .args(["timeout", "30", env!("CARGO_BIN_EXE_colloquy"), "--data"])
        .arg(data)
        .args(["--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
}

fn sign_up(system: &System, name: &str) -> Answer {
    let body = format!(
        r##"{{"username":"{name}","password":"correct horse battery","fullName":"A Stranger",
        "email":"{name}@example.com","phoneNumber":"{:010}","avatarColor":"#00A1b2"}}"##,
        name.bytes().fold(0, |sum, byte| sum * 7 + u64::from(byte)),
    );
    system.call("POST", "/customer/create/account", "", &body)
}

/// Repeats what a file takes part in until it is refused while the file fails, and until it is done afterwards.
fn fails_and_heals(system: &System, file: &Path, calls: &str, write: &dyn Fn() -> Answer) {
    for error in ["ENOSPC", "EIO"] {
        let fault = Fault::of(system, file, calls, error);
        for _ in 0..3 {
            assert!(!write().is_done(), "{} has {error}", file.display());
        }
        is_named(system, file);
        drop(fault);
        eventually(IN_TIME, "done", || write().is_done());
        eventually(IN_TIME, "ready", || system.readiness().status == 200);
    }
}

fn is_named(system: &System, file: &Path) {
    let name = file.file_name().unwrap().to_str().unwrap();
    eventually(IN_TIME, "unready", || {
        let answer = system.readiness();
        answer.status == 503 && answer.text.contains(name)
    });
}

fn start() -> (TempDir, System) {
    let data = tempfile::tempdir().unwrap();
    let system = System::start(data.path());
    (data, system)
}

#[test]
fn b01_a_file_that_cannot_be_written_is_503_and_heals_by_itself() {
    let (data, mut system) = start();
    let user = system.session();
    let (room, number) = (user.room(), std::cell::Cell::new(0));
    let next = || {
        number.set(number.get() + 1);
        number.get()
    };
    let send = || user.send(&room, "a message");
    fails_and_heals(&system, &data.path().join("write.db"), WRITES, &send);
    let log_in = || system.log_in("user1");
    fails_and_heals(&system, &data.path().join("sessions.db"), WRITES, &log_in);
    let create = || sign_up(&system, &format!("stranger{}", next()));
    fails_and_heals(&system, &data.path().join("accounts.db"), WRITES, &create);
    assert!(system.process.try_wait().unwrap().is_none());
}

#[test]
fn b01_what_a_task_cannot_write_makes_the_process_unready_and_is_written_later() {
    let (data, system) = start();
    let user = system.session();
    let room = user.room();
    for error in ["ENOSPC", "EIO"] {
        let before = user.history(&room).len();
        let fault = Fault::of(&system, &data.path().join("views.db"), WRITES, error);
        assert!(user.send(&room, "a message").is_done());
        is_named(&system, &data.path().join("views.db"));
        assert_eq!(user.history(&room).len(), before);
        drop(fault);
        eventually(IN_TIME, "shown", || user.history(&room).len() > before);
        eventually(IN_TIME, "ready", || system.readiness().status == 200);
    }
    let fault = Fault::of(&system, &data.path().join("mail.db"), WRITES, "ENOSPC");
    let forgotten = r#"{"email":"user1@example.com"}"#;
    let asked = system.call("POST", "/customer/forgetPass/initiate", "", forgotten);
    assert!(asked.is_done());
    is_named(&system, &data.path().join("mail.db"));
    drop(fault);
    eventually(IN_TIME, "ready", || system.readiness().status == 200);
}

#[test]
fn f36_a_sync_that_fails_is_never_acknowledged() {
    let (data, mut system) = start();
    let log_in = || system.log_in("user1");
    fails_and_heals(&system, &data.path().join("sessions.db"), SYNCS, &log_in);

    let user = system.session();
    let room = user.room();
    assert!(user.send(&room, "kept").is_done());
    let fault = Fault::of(&system, &data.path().join("write.db"), SYNCS, "EIO");
    assert!(!user.send(&room, "not acknowledged").is_done());
    drop(fault);
    assert_eq!(system.ends().code(), Some(1));

    let system = System::start(data.path());
    let user = system.session();
    assert!(user.send(&room, "after").is_done());
    eventually(IN_TIME, "shown", || {
        let mut history = user.history(&room);
        history.retain(|content| content != "not acknowledged");
        history == ["kept", "after"]
    });
}

#[test]
fn f36_a_start_that_cannot_sync_what_was_left_ends() {
    let (data, system) = start();
    let user = system.session();
    assert!(user.send(&user.room(), "kept").is_done());
    system.signal("KILL");
    drop(system);
    let status = start_with_failing_syncs(data.path(), &data.path().join("write.db"));
    assert_eq!(status.code(), Some(2));
    System::start(data.path());
}
