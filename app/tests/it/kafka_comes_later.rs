//! A process that begins while Kafka is away serves what it can without (F05, F09).

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
use tokio::net::TcpSocket;
use uuid::Uuid;

const READY_TIMEOUT: Duration = Duration::from_secs(30);

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test]
async fn f09_the_write_side_serves_before_kafka_has_come_and_is_ready_when_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let [listen, admin] = [(); 2].map(|()| free_address());
    // Bound, so that no other process takes it, and not listening: connections are refused.
    let kafka = TcpSocket::new_v4().unwrap();
    kafka.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let bootstrap = kafka.local_addr().unwrap();
    let settings = folder.path().join("colloquy.toml");
    let text = format!(
        "[write_store]\nurl = \"{}\"\n[event_log]\nbrokers = \"{bootstrap}\"\ntopic_prefix = \"{}-\"\n\
         [keys]\nfolder = \"{}\"\n",
        postgres_database().await,
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
    let _process = Process(process.unwrap());

    // A caller without a token is refused, which only a service that serves can do.
    until(&listen, "/command/room", 401, "");
    until(&admin, "/readyz", 503, "kafka");
    let broker = env::var("COLLOQUY_TEST_KAFKA").unwrap();
    let kafka = kafka.listen(64).unwrap().into_std().unwrap();
    kafka.set_nonblocking(false).unwrap();
    thread::spawn(move || forward(&kafka, &broker));
    until(&admin, "/readyz", 200, "");
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

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
