//! Health and metrics of a system that others than this machine reach (decision 24).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

const SOON: Duration = Duration::from_secs(30);
/// Before the drain gives up what does not end.
const AT_ONCE: Duration = Duration::from_secs(8);

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn status(address: &str, path: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn decision_24_a_published_system_serves_health_and_metrics_apart_and_ends_when_told() {
    let data = tempfile::tempdir().unwrap();
    let admin = free_address();
    let mut process = Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .arg("--data")
        .arg(data.path())
        .args(["--listen", "0.0.0.0:0", "--admin", &admin])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut greeting = BufReader::new(process.stdout.take().unwrap());
    let mut process = Process(process);
    let mut line = String::new();
    while !line.contains("http://") {
        line.clear();
        assert!(greeting.read_line(&mut line).unwrap() > 0, "it has ended");
    }
    let port = line.trim().rsplit_once(':').unwrap().1;
    let public = format!("127.0.0.1:{port}");

    assert_eq!(status(&admin, "/metrics"), 200);
    assert_eq!(status(&admin, "/livez"), 200);
    assert_eq!(status(&public, "/livez"), 200);
    assert_eq!(status(&public, "/metrics"), 404);

    // Every task hears the signal: nothing is left that the drain would wait for.
    let signal = format!("kill -TERM {}", process.0.id());
    let signalled = Command::new("sh").args(["-c", &signal]).status().unwrap();
    assert!(signalled.success());
    let began = Instant::now();
    while process.0.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < AT_ONCE, "it does not end");
        sleep(Duration::from_millis(10));
    }
}
