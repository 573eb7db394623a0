//! What an all-in-one system does with the disk below its data folder (decisions 40 and 41, F26, F36).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod mounted;
mod strace;
mod whole;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// What is promised of a disk that works again.
const IN_TIME: Duration = Duration::from_secs(5);
pub const SOON: Duration = Duration::from_secs(30);

/// A running system, ended with the test.
pub struct System {
    process: Child,
    address: String,
    /// Open as long as it runs: it prints more than one line.
    _stdout: BufReader<ChildStdout>,
}

pub struct Answer {
    pub status: u16,
    pub text: String,
}

/// A user who has logged in.
pub struct Session<'a> {
    pub system: &'a System,
    pub cookie: String,
}

impl Drop for System {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl System {
    pub fn start(data: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_colloquy"))
            .arg("--data")
            .arg(data)
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // It warns of every call that it refuses.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "it has ended");
            if let Some((_, address)) = line.trim().split_once("http://") {
                break address.to_owned();
            }
        };
        let system = Self {
            process,
            address,
            _stdout: stdout,
        };
        eventually(SOON, "ready", || system.readiness().status == 200);
        system
    }

    pub fn call(&self, method: &str, path: &str, cookie: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, text }
    }

    fn readiness(&self) -> Answer {
        self.call("GET", "/readyz", "", "")
    }

    fn log_in(&self, user: &str) -> Answer {
        let body = format!(r#"{{"username":"{user}","password":"123"}}"#);
        self.call("POST", "/auth/login", "", &body)
    }

    pub fn session(&self) -> Session<'_> {
        let answer = self.log_in("user1");
        let cookie = format!("jwt_token={}", answer.between("jwt_token=", ";"));
        Session {
            system: self,
            cookie,
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    fn ends(&mut self) -> ExitStatus {
        let mut status = None;
        eventually(SOON, "ended", || {
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Answer {
    pub fn between(&self, before: &str, after: &str) -> &str {
        let found = self.text.split_once(before);
        let found = found.and_then(|(_, rest)| rest.split_once(after));
        found.unwrap_or_else(|| panic!("{}", self.text)).0
    }

    /// Whether it was done; a refusal must say when to come back.
    pub fn is_done(&self) -> bool {
        let is_refusal = self.status == 503 && self.text.contains("\r\nretry-after: ");
        assert!(self.status == 200 || is_refusal, "{}", self.text);
        self.status == 200
    }
}

impl Session<'_> {
    pub fn call(&self, method: &str, path: &str) -> Answer {
        self.system.call(method, path, &self.cookie, "")
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.system.call("POST", path, &self.cookie, body)
    }

    pub fn room(&self) -> String {
        let body = r#"{"roomName":"a room","targetCustomerIds":[2]}"#;
        let answer = self.post("/command/room", body);
        answer.between(r#""data":"#, "}").to_owned()
    }

    pub fn send(&self, room: &str, content: &str) -> Answer {
        let body = format!(r#"{{"roomId":{room},"content":"{content}"}}"#);
        self.post("/command/message", &body)
    }

    /// The contents, oldest first.
    pub fn history(&self, room: &str) -> Vec<String> {
        let path = format!("/query/message/roomId/{room}?limit=100");
        let answer = self.call("GET", &path);
        let contents = answer.text.split(r#""content":""#).skip(1);
        let mut contents: Vec<_> = contents
            .map(|rest| rest.split_once('"').unwrap().0.to_owned())
            .collect();
        contents.reverse();
        contents
    }
}

pub fn eventually(in_time: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < in_time, "not {what} in time");
        sleep(Duration::from_millis(20));
    }
}
