//! What a process keeps of the memory that it needed for a moment.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// What all of it takes without a hash is less than half of this, and one hash takes 19 MiB.
const ENOUGH_MIB: u64 = 24;
/// What only a defect exceeds.
const SOON: Duration = Duration::from_secs(20);

/// An all-in-one process, ended with the test.
struct System(Child);

impl Drop for System {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl System {
    /// Memory that holds no part of a file.
    fn mib(&self) -> u64 {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.0.id())).unwrap();
        let line = rollup
            .lines()
            .find_map(|line| line.strip_prefix("Anonymous:"));
        let kib = line.unwrap().trim().strip_suffix(" kB").unwrap();
        kib.parse::<u64>().unwrap() / 1024
    }

    fn has_given_back(&self, what: &str) {
        let begun = Instant::now();
        while self.mib() > ENOUGH_MIB {
            assert!(begun.elapsed() < SOON, "{} MiB after {what}", self.mib());
            sleep(Duration::from_millis(50));
        }
    }
}

fn log_in(address: &str) {
    let body = r#"{"username":"user1","password":"123"}"#;
    let mut server = TcpStream::connect(address).unwrap();
    write!(
        server,
        "POST /auth/login HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    server.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn b30_hashes_leave_no_memory_behind() {
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
    let system = System(process);
    let mut line = String::new();
    let address = loop {
        line.clear();
        assert!(greeting.read_line(&mut line).unwrap() > 0, "it has ended");
        if let Some((_, rest)) = line.split_once("http://") {
            let end = rest.find(|c: char| c.is_whitespace() || c == '/');
            break rest[..end.unwrap_or(rest.len())].to_owned();
        }
    };
    // The first start hashes the passwords of the accounts that it makes.
    system.has_given_back("the first start");
    for _ in 0..10 {
        log_in(&address);
    }
    system.has_given_back("ten logins");
}
