//! STOMP 1.2 frames in the least code that is right for frames a sane server sends.

use anyhow::{Context as _, Result, bail, ensure};
use serde::de::DeserializeOwned;

/// A frame of either direction, headers in their order on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// `CONNECT`, `MESSAGE`, …
    pub command: String,
    /// Names and values, unescaped.
    pub headers: Vec<(String, String)>,
    /// The octets before the NUL.
    pub body: Vec<u8>,
}

impl Frame {
    /// A frame without a body.
    #[must_use]
    pub fn new(command: &str, headers: &[(&str, &str)]) -> Self {
        Self {
            command: command.to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: Vec::new(),
        }
    }

    /// The same frame with a body.
    #[must_use]
    pub fn with_body(mut self, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self
    }

    /// The first header of that name (STOMP 1.2: the first one wins).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The names of the headers, in order.
    #[must_use]
    pub fn header_names(&self) -> Vec<&str> {
        self.headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// It is not that.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).with_context(|| format!("unexpected body in {self:?}"))
    }

    /// The frame's octets, its NUL included.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut text = format!("{}\n", self.command);
        for (name, value) in &self.headers {
            let (name, value) = if escapes(&self.command) {
                (escape(name), escape(value))
            } else {
                (name.clone(), value.clone())
            };
            text.push_str(&format!("{name}:{value}\n"));
        }
        text.push('\n');
        [text.as_bytes(), &self.body, b"\0"].concat()
    }
}

/// Cuts a byte stream into frames.
#[derive(Debug, Default)]
pub struct Decoder(Vec<u8>);

impl Decoder {
    /// Takes what arrived.
    pub fn push(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }

    /// The next whole frame, if it is here.
    ///
    /// # Errors
    /// The server sent something that is no STOMP.
    pub fn next_frame(&mut self) -> Result<Option<Frame>> {
        let beats = self.0.iter().take_while(|octet| **octet == b'\n').count();
        self.0.drain(..beats);
        let Some(head) = self.0.windows(2).position(|pair| pair == b"\n\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&self.0[..head]).context("a head that is not UTF-8")?;
        let mut frame = parse_head(text)?;
        let rest = &self.0[head + 2..];
        let length = match frame.header("content-length") {
            Some(length) => length.parse().context("a bad content-length")?,
            None => match rest.iter().position(|octet| *octet == 0) {
                Some(end) => end,
                None => return Ok(None),
            },
        };
        if rest.len() <= length {
            return Ok(None);
        }
        ensure!(rest[length] == 0, "no NUL behind the body of {frame:?}");
        frame.body = rest[..length].to_vec();
        self.0.drain(..head + 2 + length + 1);
        Ok(Some(frame))
    }
}

fn parse_head(text: &str) -> Result<Frame> {
    let mut lines = text.split('\n');
    let mut frame = Frame::new(lines.next().unwrap_or_default(), &[]);
    for line in lines {
        let (name, value) = line
            .split_once(':')
            .with_context(|| format!("a header without a colon: {line}"))?;
        let header = if escapes(&frame.command) {
            (unescape(name)?, unescape(value)?)
        } else {
            (name.to_owned(), value.to_owned())
        };
        frame.headers.push(header);
    }
    Ok(frame)
}

/// STOMP 1.2 "Value Encoding": CONNECT and CONNECTED are never escaped, for the sake of 1.0.
fn escapes(command: &str) -> bool {
    !matches!(command, "CONNECT" | "CONNECTED")
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('\r', "\\r")
        .replace('\n', "\\n")
        .replace(':', "\\c")
}

fn unescape(text: &str) -> Result<String> {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some('\\') => '\\',
                Some('r') => '\r',
                Some('n') => '\n',
                Some('c') => ':',
                other => bail!("an escape that STOMP does not have: {other:?} in {text}"),
            },
            plain => plain,
        });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_whole_octet_by_octet() {
        let sent = Frame::new("SEND", &[("receipt", "a:b\\c\nd\re")]).with_body("{}");
        let mut decoder = Decoder::default();
        decoder.push(b"\n\n");
        let octets = sent.encode();
        let (last, rest) = octets.split_last().unwrap();
        for octet in rest {
            decoder.push(&[*octet]);
            assert_eq!(decoder.next_frame().unwrap(), None);
        }
        decoder.push(&[*last]);
        assert_eq!(decoder.next_frame().unwrap(), Some(sent));
    }

    #[test]
    fn a_body_of_known_length_may_hold_nul() {
        let mut decoder = Decoder::default();
        decoder.push(b"MESSAGE\ncontent-length:3\n\na\0b\0MESSAGE\n\n\0");
        assert_eq!(decoder.next_frame().unwrap().unwrap().body, b"a\0b");
        assert_eq!(decoder.next_frame().unwrap().unwrap().body, b"");
        assert_eq!(decoder.next_frame().unwrap(), None);
    }
}
