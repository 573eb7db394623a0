//! Plays a case on a connection of its own, octet by octet.

use anyhow::{Context as _, Result, bail, ensure};
use colloquy_e2e::client::octets::{
    FIN, Octets, frame,
    opcode::{BINARY, CLOSE, PING, PONG, TEXT},
};

use super::{
    case::{Answer, Case, End, Stage, Step, code_of, extend, raw, texts::UNSUPPORTED_VERSION},
    ground::Ground,
};

const PINGS_AT_ONCE: usize = 100;
const PAYLOAD: &[u8] = b"only waiting?";

/// What came.
#[derive(Debug)]
enum Arrived {
    Frame(Raw),
    Pong(Vec<u8>),
    Close(Option<u16>),
    Gone,
}

/// A frame of the server as it is on the wire: nothing is unescaped, because what is escaped depends on the version.
#[derive(Debug)]
pub struct Raw {
    command: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Raw {
    fn parse(octets: &[u8]) -> Result<Self> {
        let text = str::from_utf8(octets)?;
        let (head, body) = text.split_once("\n\n").context("no blank line")?;
        let mut lines = head.split('\n');
        let command = lines.next().unwrap_or_default().to_owned();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').context("a header without a colon")?;
            Ok((name.to_owned(), value.to_owned()))
        });
        Ok(Self {
            command,
            headers: headers.collect::<Result<_>>()?,
            body: body.to_owned(),
        })
    }

    fn is_pushed_to_its_owner(&self) -> bool {
        let destination = self.headers.iter().find(|(name, _)| name == "destination");
        self.command == "MESSAGE"
            && destination.is_some_and(|(_, value)| value.starts_with("/user/topic/"))
    }

    /// Takes out what names the refused frame (stomp.md S14), whose `code` must be that of the text.
    fn take_names(&mut self, text: &str) -> Result<()> {
        let names = ["subscription", "destination", "code"];
        let is_name = |(name, _): &mut (String, String)| names.contains(&name.as_str());
        let named: Vec<_> = self.headers.extract_if(.., is_name).collect();
        let code = named.iter().find(|(name, _)| name == "code");
        let code = code.map(|(_, code)| code.as_str());
        let fits = named.is_empty() || (code.is_some() && code == code_of(text));
        ensure!(fits, "{named:?} for {text:?}");
        Ok(())
    }

    fn is(&self, command: &str, headers: &[(&str, &str)], body: &str) -> Result<()> {
        let named = self.headers.iter();
        let named: Vec<_> = named.map(|(name, value)| (&**name, &**value)).collect();
        let fits = self.command == command && named == headers && self.body == body;
        ensure!(fits, "expected {command} {headers:?}, got {self:?}");
        Ok(())
    }
}

/// A connection and what has come on it.
pub struct Attacker {
    octets: Octets,
    unread: Vec<u8>,
}

impl Attacker {
    pub async fn open(ground: &Ground, stage: Stage) -> Result<Self> {
        let cookie = match stage {
            Stage::Anonymous => "",
            _ => &ground.names.token,
        };
        let mut attacker = Self {
            octets: Octets::open(&ground.url, cookie).await?,
            unread: Vec::new(),
        };
        if let Some(version) = stage.version() {
            let accept = format!("accept-version:{version}");
            let connect = raw("CONNECT", &[&accept, "heart-beat:0,0"], "");
            attacker.say(&connect).await?;
            attacker.expect(&Answer::Connected(version)).await?;
        }
        Ok(attacker)
    }

    pub async fn say(&mut self, text: &[u8]) -> Result<()> {
        self.octets.send(&frame(FIN | TEXT, text)).await
    }

    /// Asks by PING, this often and without reading, until the server has enough.
    pub async fn flood(&mut self, pings: usize) {
        let many = frame(FIN | PING, &[7; 125]).repeat(PINGS_AT_ONCE);
        for _ in 0..pings / PINGS_AT_ONCE {
            if self.octets.send(&many).await.is_err() {
                return;
            }
        }
    }

    async fn next(&mut self) -> Result<Arrived> {
        loop {
            // Line ends are heart-beats.
            let beats = self.unread.iter().take_while(|octet| **octet == b'\n');
            self.unread.drain(..beats.count());
            if let Some(end) = self.unread.iter().position(|octet| *octet == 0) {
                let frame = Raw::parse(&self.unread[..end])?;
                self.unread.drain(..=end);
                // The attacker is user 1, whose rooms change all the time: what is pushed answers nothing.
                if !frame.is_pushed_to_its_owner() {
                    return Ok(Arrived::Frame(frame));
                }
                continue;
            }
            let Some(arrived) = self.octets.next().await? else {
                ensure!(self.unread.is_empty(), "half a frame");
                return Ok(Arrived::Gone);
            };
            match arrived.opcode() {
                TEXT | BINARY => self.unread.extend(arrived.payload),
                CLOSE => return Ok(Arrived::Close(arrived.close_code())),
                PONG => return Ok(Arrived::Pong(arrived.payload)),
                _ => {}
            }
        }
    }

    pub async fn expect(&mut self, answer: &Answer) -> Result<()> {
        let frame = match self.next().await? {
            Arrived::Frame(frame) => frame,
            other => bail!("expected {answer:?}, got {other:?}"),
        };
        match answer {
            Answer::Connected(version) => {
                let offer = if *version == "1.0" { "0,0" } else { "10000,0" };
                let headers = [
                    ("version", *version),
                    ("heart-beat", offer),
                    ("user-name", "1"),
                ];
                frame.is("CONNECTED", &headers, "")
            }
            Answer::Receipt(id) => frame.is("RECEIPT", &[("receipt-id", id)], ""),
        }
    }

    /// Asks by PING whether the server still waits; if not, `Some` is what it has said instead.
    pub async fn still_waits(&mut self) -> Result<Option<Raw>> {
        // An attacker that was refused meanwhile may find the connection closed: the refusal is still to be read.
        let _ = self.octets.send(&frame(FIN | PING, PAYLOAD)).await;
        match self.next().await? {
            Arrived::Pong(payload) if payload == PAYLOAD => Ok(None),
            Arrived::Frame(frame) => Ok(Some(frame)),
            other => bail!("expected the server to wait, got {other:?}"),
        }
    }

    async fn expect_error(&mut self, text: &str, receipt: Option<&str>) -> Result<()> {
        match self.next().await? {
            Arrived::Frame(error) => self.ends_with(error, text, receipt).await,
            other => bail!("expected the ERROR {text:?}, got {other:?}"),
        }
    }

    /// It is an ERROR of this text alone, and behind it come Close 1002 and the end of the stream.
    pub async fn ends_with(
        &mut self,
        mut error: Raw,
        text: &str,
        receipt: Option<&str>,
    ) -> Result<()> {
        error.take_names(text)?;
        let length = text.len().to_string();
        let mut headers = vec![("message", text), ("content-type", "text/plain")];
        if text == UNSUPPORTED_VERSION {
            headers.push(("version", "1.0,1.1,1.2"));
        }
        headers.extend(receipt.map(|receipt| ("receipt-id", receipt)));
        headers.push(("content-length", &length));
        error.is("ERROR", &headers, text)?;
        self.expect_close(1002).await
    }

    pub async fn expect_close(&mut self, code: u16) -> Result<()> {
        match self.next().await? {
            Arrived::Close(Some(closed)) if closed == code => {}
            other => bail!("expected Close {code}, got {other:?}"),
        }
        match self.next().await? {
            Arrived::Gone => Ok(()),
            other => bail!("nothing may come behind the Close, but {other:?} did"),
        }
    }
}

/// Plays a case to its end.
pub async fn play(ground: &Ground, case: &Case) -> Result<()> {
    let mut attacker = Attacker::open(ground, case.stage).await?;
    for step in &case.steps {
        match step {
            Step::Text(octets) => attacker.say(octets).await?,
            Step::Binary(octets) => attacker.octets.send(&frame(FIN | BINARY, octets)).await?,
            Step::Silence => {
                let said = attacker.still_waits().await?;
                ensure!(said.is_none(), "expected the server to wait, got {said:?}");
            }
        }
    }
    for answer in &case.answers {
        attacker.expect(answer).await?;
    }
    match &case.end {
        End::Error(text, receipt) => attacker.expect_error(text, receipt.as_deref()).await,
        End::Closed(code) => attacker.expect_close(*code).await,
        End::Open if is_connected(case) => {
            attacker.say(&extend(&[], "")).await?;
            attacker.expect(&Answer::Receipt("r".to_owned())).await
        }
        End::Open => {
            let token = format!("jwt_token:{}", ground.names.token);
            let connect = raw("CONNECT", &["accept-version:1.2", &token], "");
            attacker.say(&connect).await?;
            attacker.expect(&Answer::Connected("1.2")).await
        }
    }
}

fn is_connected(case: &Case) -> bool {
    let connected = |answer: &Answer| matches!(answer, Answer::Connected(_));
    case.stage.version().is_some() || case.answers.iter().any(connected)
}
