//! Streams for the property tests: valid ones with the frames that they mean, damaged ones, and ways to cut them.

use colloquy_websocket::stomp::{ClientCommand, Frame, Headers, Version};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};

/// A valid stream.
#[derive(Clone, Debug)]
pub struct Stream {
    pub version: Version,
    pub frames: Vec<Frame>,
    pub octets: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Draft {
    command: ClientCommand,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    counted: bool,
    line_end: &'static str,
    behind: &'static str,
}

/// What means something to a decoder, and a little that does not.
const TELLING: &[&str] = &[
    "\0",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    ":",
    "\\",
    "\\n",
    "\\c",
    "\\r",
    "\\x",
    "SEND",
    "SEND\n",
    "CONNECT\n",
    "ACK\n",
    "MESSAGE\n",
    "content-length:",
    "content-length:3\n",
    "receipt:r\n",
    "destination:",
    "accept-version:1.2\n",
    "0",
    "1",
    "9",
    "a",
    "é",
    " ",
    "k:v\n",
];

pub fn versions() -> impl Strategy<Value = Version> {
    select(Version::ALL.as_slice())
}

pub fn streams() -> impl Strategy<Value = Stream> {
    (versions(), vec(drafts(), 0..4)).prop_map(|(version, drafts)| {
        let (frames, octets): (Vec<_>, Vec<_>) = drafts
            .into_iter()
            .map(|draft| draft.encode(version))
            .unzip();
        Stream {
            version,
            frames,
            octets: octets.concat(),
        }
    })
}

/// A valid stream with a few octets changed, put in or taken out.
pub fn damaged_streams() -> impl Strategy<Value = (Version, Vec<u8>)> {
    let damage = (any::<Index>(), 0..3_usize, select(TELLING));
    (streams(), vec(damage, 1..4)).prop_map(|(stream, damages)| {
        let mut octets = stream.octets;
        for (at, removed, put_in) in damages {
            let start = at.index(octets.len() + 1);
            let end = (start + removed).min(octets.len());
            octets.splice(start..end, put_in.bytes());
        }
        (stream.version, octets)
    })
}

/// Anything at all, but mostly what a decoder must think about.
pub fn noise() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => select(TELLING).prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..4),
    ];
    vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

/// Sizes of the pieces into which a stream is cut, over and over until its end.
pub fn cuts() -> impl Strategy<Value = Vec<usize>> {
    vec(1..12_usize, 1..6)
}

pub fn pieces<'a>(octets: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = octets;
    let mut pieces = Vec::new();
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at((*cut).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

pub fn texts() -> impl Strategy<Value = String> {
    let letters = [
        'a', 'K', ' ', ':', '\\', '\n', '\r', 'n', 'c', 'r', 'é', '😀',
    ];
    vec(select(letters.to_vec()), 1..6).prop_map(String::from_iter)
}

fn drafts() -> impl Strategy<Value = Draft> {
    (
        select(&ClientCommand::ALL[2..]),
        vec((texts(), texts()), 0..4),
        vec(select(b"\0\n\r:ab\xff".as_slice()), 0..12),
        any::<bool>(),
        select(&["\n", "\r\n"][..]),
        select(&["", "\n", "\r\n\n"][..]),
    )
        .prop_map(
            |(command, headers, body, counted, line_end, behind)| Draft {
                command,
                headers,
                body,
                counted,
                line_end,
                behind,
            },
        )
}

impl Draft {
    fn encode(mut self, version: Version) -> (Frame, Vec<u8>) {
        if self.command != ClientCommand::Send {
            self.body.clear();
        }
        if !self.counted {
            self.body.retain(|octet| *octet != 0);
        }
        let end = self.line_end;
        let mut octets = format!("{}{end}", self.command.as_str());
        let mut headers = Vec::new();
        for (name, value) in self.headers {
            let name = sayable_name(version, &name);
            let value = sayable(version, &value);
            octets += &format!("{}:{}{end}", spelt(version, &name), spelt(version, &value));
            headers.push((name, value));
        }
        if self.counted {
            let count = self.body.len().to_string();
            octets += &format!("content-length:{count}{end}");
            headers.push(("content-length".to_owned(), count));
        }
        octets += end;
        let octets = [octets.as_bytes(), &self.body, b"\0", self.behind.as_bytes()].concat();
        let frame = Frame {
            command: self.command,
            headers: Headers::from_iter(headers),
            body: self.body.into(),
        };
        (frame, octets)
    }
}

/// What of a text a version has a way to say, wherever it stands in a line.
pub fn sayable(version: Version, text: &str) -> String {
    match version {
        Version::V10 => text.replace(['\n', '\r'], ""),
        Version::V11 => text.replace('\r', ""),
        Version::V12 => text.to_owned(),
    }
}

fn sayable_name(version: Version, text: &str) -> String {
    let name = sayable(version, text);
    match version {
        Version::V10 => format!("k{}", name.replace(':', "")),
        Version::V11 | Version::V12 => format!("k{name}"),
    }
}

/// Written apart from the codec, so that one is checked by the other.
pub fn spelt(version: Version, text: &str) -> String {
    if version == Version::V10 {
        return text.to_owned();
    }
    text.replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace(':', "\\c")
}
