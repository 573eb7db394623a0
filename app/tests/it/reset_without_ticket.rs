//! The callers that are believed without a ticket by default (decision 28): in all-in-one those that call from the address
//! at which the code was confirmed, except behind a proxy that is not trusted; in a service of its own none.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod service;

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use colloquy_mail::mail_transport::folder::FolderTransport;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

const EMAIL: &str = "user1@example.com";
const PUBLIC: &str = "http.public_url = \"https://chat.example\"\n";
const TRUSTED: &str = "http.trusted_proxies = [\"127.0.0.1\"]\n";
const SOON: Duration = Duration::from_secs(30);

/// A process, ended with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// One call as the page of an old client makes it: the status, and all that comes back.
async fn call(address: &str, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: an old page\r\n{headers}\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = timeout(SOON, exchange).await.expect("an answer in time");
    let answer = answer.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

/// Where customer management is.
trait Door {
    async fn post(&self, path: &str, body: &str) -> (u16, String);
}

/// Confirms a code, and says whether a password is then reset without the ticket; with it, it is in any case.
async fn believes_without_ticket(door: &impl Door, email: &str, code: &str) -> bool {
    believes_another(door, door, email, code).await
}

/// The same, where the code is confirmed at one door, and the password reset at another.
async fn believes_another(
    confirming: &impl Door,
    door: &impl Door,
    email: &str,
    code: &str,
) -> bool {
    let confirm = format!(r#"{{"email":"{email}","otpCode":"{code}"}}"#);
    let (status, answer) = confirming.post("/forgetPass/confirm", &confirm).await;
    assert_eq!(status, 200, "{answer}");
    let (_, ticket) = answer.split_once(r#""resetTicket":""#).unwrap();
    let (ticket, _) = ticket.split_once('"').unwrap();
    let person = format!(r#""email":"{email}","newPassword":"correct horse""#);
    let without = format!("{{{person}}}");
    let with = format!(r#"{{{person},"resetTicket":"{ticket}"}}"#);
    match door.post("/forgetPass/reset", &without).await {
        (200, _) => true,
        (400, _) => {
            let (status, answer) = door.post("/forgetPass/reset", &with).await;
            assert_eq!(status, 200, "{answer}");
            false
        }
        (status, answer) => panic!("{status}: {answer}"),
    }
}

/// A system in one process, with the demo accounts wherever it is served.
struct AllInOne {
    address: String,
    data: TempDir,
    _process: Process,
    /// Open as long as it runs: it prints more than one line.
    _stdout: BufReader<ChildStdout>,
}

impl AllInOne {
    fn start(settings: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let config = data.path().join("colloquy.toml");
        let settings = format!("accounts.seed_demo_customers = true\n{settings}");
        std::fs::write(&config, settings).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_colloquy"))
            .args(["--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .arg("--data")
            .arg(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let process = Process(process);
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "it has ended");
            if let Some((_, address)) = line.trim().split_once("http://") {
                break address.to_owned();
            }
        };
        Self {
            address,
            data,
            _process: process,
            _stdout: stdout,
        }
    }

    /// A code that a client asks for there.
    async fn new_code(&self, door: &impl Door) -> String {
        let body = format!(r#"{{"email":"{EMAIL}"}}"#);
        let (status, answer) = door.post("/forgetPass/initiate", &body).await;
        assert_eq!(status, 200, "{answer}");
        self.mailed_code().await
    }

    /// The code in the only mail, once it is there.
    async fn mailed_code(&self) -> String {
        let mails = FolderTransport::open(&self.data.path().join("mails")).await;
        let mails = mails.unwrap();
        let arriving = async {
            loop {
                if let Some(mail) = mails.newest().await.unwrap().pop() {
                    return mail;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let mail = timeout(SOON, arriving).await.expect("a mail in time");
        let mut words = mail.body.split(|c: char| !c.is_ascii_digit());
        words.find(|word| word.len() == 6).unwrap().to_owned()
    }
}

impl Door for AllInOne {
    async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let path = format!("/customer{path}");
        call(&self.address, "POST", &path, "", body).await
    }
}

/// A client of a proxy on this machine, which names it in such a way.
struct Proxied<'a>(&'a AllInOne, &'a str);

impl Door for Proxied<'_> {
    async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let Self(system, named) = self;
        let path = format!("/customer{path}");
        let forwarded = format!("x-forwarded-for: {named}\r\n");
        call(&system.address, "POST", &path, &forwarded, body).await
    }
}

#[tokio::test]
async fn decision_28_all_in_one_believes_without_a_ticket_but_behind_a_proxy_that_it_does_not_trust()
 {
    const ON: &str = "accounts.reset_without_ticket = true\n";
    const OFF: &str = "accounts.reset_without_ticket = false\n";
    for (settings, believes) in [
        (String::new(), true),
        (PUBLIC.to_owned(), false),
        // What a setting says counts.
        (OFF.to_owned(), false),
        (format!("{PUBLIC}{ON}"), true),
    ] {
        let system = AllInOne::start(&settings);
        let code = system.new_code(&system).await;
        let found = believes_without_ticket(&system, EMAIL, &code).await;
        assert_eq!(found, believes, "with {settings:?}");
    }
}

#[tokio::test]
async fn b06_behind_a_trusted_proxy_the_client_that_confirmed_is_believed_and_neither_another_nor_an_unknown_one()
 {
    for (confirming, resetting, believes) in [
        ("203.0.113.7:4711", "203.0.113.7:4712", true),
        ("[2001:db8::7]:4711", "\"[2001:db8::7]\"", true),
        ("203.0.113.7:4711", "198.51.100.9:4711", false),
        ("[2001:db8::7]:4711", "[2001:db8::8]:4711", false),
        ("203.0.113.7,", "198.51.100.9,", false),
        ("nonsense", "nonsense", false),
        ("", "", false),
    ] {
        let system = AllInOne::start(&format!("{PUBLIC}{TRUSTED}"));
        let [confirming, resetting] = [confirming, resetting].map(|it| Proxied(&system, it));
        let code = system.new_code(&confirming).await;
        let found = believes_another(&confirming, &resetting, EMAIL, &code).await;
        assert_eq!(
            found, believes,
            "{:?} after {:?}",
            resetting.1, confirming.1
        );
    }
}
