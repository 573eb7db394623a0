//! A process that begins while a store is away: without Kafka it serves what it can (F05, F09), for PostgreSQL it waits,
//! and either way a signal ends it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    env,
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use colloquy_sql::test_database::postgres_database;
use tempfile::TempDir;
use tokio::net::TcpSocket;
use uuid::Uuid;

const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// chat-command in a process of its own.
struct WriteSide {
    listen: String,
    admin: String,
    process: Child,
    _folder: TempDir,
}

impl WriteSide {
    fn start(postgres: &str, kafka: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [listen, admin] = [(); 2].map(|()| free_address());
        let settings = folder.path().join("colloquy.toml");
        let text = format!(
            "[write_store]\nurl = \"{postgres}\"\n[event_log]\nbrokers = \"{kafka}\"\ntopic_prefix = \"{}-\"\n\
             [keys]\nfolder = \"{}\"\n",
            Uuid::new_v4().simple(),
            folder.path().join("keys").display()
        );
        std::fs::write(&settings, text).unwrap();
        make_keys(&folder.path().join("keys"));
        let process = Command::new(env!("CARGO_BIN_EXE_colloquy"))
            .args(["serve", "chat-command-service", "--listen", &listen])
            .args(["--admin", &admin, "--config"])
            .arg(&settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        Self {
            listen,
            admin,
            process: process.unwrap(),
            _folder: folder,
        }
    }
}

impl Drop for WriteSide {
    fn drop(&mut self) {
        let _has_ended = self.process.kill();
        self.process.wait().unwrap();
    }
}

#[tokio::test]
async fn f09_the_write_side_serves_before_kafka_has_come_and_is_ready_when_it_has() {
    let (kafka, bootstrap) = refusing_address();
    let write_side = WriteSide::start(&postgres_database().await, &bootstrap);

    // A caller without a token is refused, which only a service that serves can do.
    until(&write_side.listen, "/command/room", 401, "");
    until(&write_side.admin, "/readyz", 503, "kafka");
    let broker = env::var("COLLOQUY_TEST_KAFKA").unwrap();
    let kafka = kafka.listen(64).unwrap().into_std().unwrap();
    kafka.set_nonblocking(false).unwrap();
    thread::spawn(move || forward(&kafka, &broker));
    until(&write_side.admin, "/readyz", 200, "");
}

/// As process 1 of a container it would hear no signal that it does not listen to.
#[test]
fn f31_a_process_that_waits_for_a_store_is_ended_by_a_signal() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let (_postgres, address) = refusing_address();
    let mut write_side = WriteSide::start(&format!("postgres://app@{address}/app"), &address);
    until(&write_side.admin, "/readyz", 503, "postgres");

    let pid = rustix::process::Pid::from_child(&write_side.process);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let begun = Instant::now();
    let ended = loop {
        if let Some(ended) = write_side.process.try_wait().unwrap() {
            break ended;
        }
        assert!(begun.elapsed() < READY_TIMEOUT, "it still waits");
        thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(ended.code(), Some(0), "{ended}");
}

/// Waits for this answer; a process that has not begun answers nothing.
fn until(address: &str, path: &str, status: u16, says: &str) {
    let begun = Instant::now();
    loop {
        let answer = get(address, path);
        if let Ok((found, text)) = &answer
            && *found == status
            && text.contains(says)
        {
            return;
        }
        assert!(begun.elapsed() < READY_TIMEOUT, "{path}: {answer:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn get(address: &str, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(READY_TIMEOUT))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
    Ok((status.unwrap_or_default(), answer))
}

/// Forwards to the real Kafka, which names its own address to clients once they are connected.
fn forward(listener: &TcpListener, broker: &str) {
    for client in listener.incoming() {
        let (client, server) = (client.unwrap(), TcpStream::connect(broker).unwrap());
        let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
        for (mut from, mut to) in [(client, server), back] {
            thread::spawn(move || {
                let _ended = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
        }
    }
}

fn make_keys(folder: &Path) {
    let made = Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .args(["keys", "generate", "--dir"])
        .arg(folder)
        .output();
    assert!(made.unwrap().status.success());
}

/// Bound, so that no other process takes it, and not listening: connections are refused.
fn refusing_address() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
