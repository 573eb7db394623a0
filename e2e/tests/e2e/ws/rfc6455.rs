//! The protocol beneath STOMP, case by case (RFC 6455 §5–§8; stomp.md W4–W7): what is sent, and what must come back.

use anyhow::{Context as _, Result, bail, ensure};
use colloquy_e2e::client::octets::{
    FIN, Octets, frame,
    opcode::{BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT},
};

use crate::scene::{Scene, scene};

const CONNECT: &[u8] = b"CONNECT\naccept-version:1.2\nhost:x\n\n\0";
/// The longest message: the longest frame (stomp.md §6) and the line ends around it.
const LONGEST: usize = 65 * 1024;

/// What must come back.
#[derive(Clone, Debug)]
enum Then {
    /// A receipt of that id: the frame was carried out.
    Receipt(&'static str),
    /// A PONG with this payload, and the connection goes on.
    Pong(Vec<u8>),
    /// A Close with this code.
    Close(u16),
    /// A Close without a code, or with 1000.
    PlainClose,
}

struct Case {
    name: String,
    sent: Vec<u8>,
    then: Then,
}

fn case(name: impl Into<String>, sent: Vec<u8>, then: Then) -> Case {
    Case {
        name: name.into(),
        sent,
        then,
    }
}

fn extend(receipt: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "SEND\ndestination:/app/extendOnline\nreceipt:{receipt}\ncontent-length:{length}\n\n"
    );
    [head.as_bytes(), body, b"\0"].concat()
}

/// A message in pieces: the first octets of its frames say how.
fn pieces(opcode: u8, message: &[u8], count: usize, between: &[u8]) -> Vec<u8> {
    let size = message.len().div_ceil(count);
    let chunks: Vec<&[u8]> = message.chunks(size).collect();
    let last = chunks.len() - 1;
    let mut octets = Vec::new();
    for (at, chunk) in chunks.into_iter().enumerate() {
        let first = if at == 0 { opcode } else { CONTINUATION };
        let fin = if at == last { FIN } else { 0 };
        octets.extend(frame(fin | first, chunk));
        if at != last {
            octets.extend(between);
        }
    }
    octets
}

fn messages() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, opcode) in [("text", TEXT), ("binary", BINARY)] {
        for length in [0, 1, 57, 125, 126, 127, 128, 1000, 4096, 65_535 - 100] {
            let sent = frame(FIN | opcode, &extend("r", &vec![b'x'; length]));
            cases.push(case(
                format!("{kind} with {length} octets of body"),
                sent,
                Then::Receipt("r"),
            ));
        }
        for count in [2, 3, 5, 16, 60] {
            let sent = pieces(opcode, &extend("r", b"in pieces"), count, b"");
            cases.push(case(
                format!("{kind} in {count} fragments"),
                sent,
                Then::Receipt("r"),
            ));
        }
        let ping = frame(FIN | PING, b"between");
        let sent = pieces(opcode, &extend("r", b"in pieces"), 4, &ping);
        cases.push(case(
            format!("{kind} with a ping between fragments"),
            sent,
            Then::Pong(b"between".to_vec()),
        ));
        let pong = frame(FIN | PONG, b"unasked");
        let sent = pieces(opcode, &extend("r", b"in pieces"), 4, &pong);
        cases.push(case(
            format!("{kind} with a pong between fragments"),
            sent,
            Then::Receipt("r"),
        ));
        let empty = [
            frame(opcode, b""),
            frame(CONTINUATION, b""),
            frame(FIN, &extend("r", b"")),
        ]
        .concat();
        cases.push(case(
            format!("{kind} with empty fragments"),
            empty,
            Then::Receipt("r"),
        ));
        let two = [
            frame(FIN | opcode, &extend("1", b"")),
            frame(FIN | opcode, &extend("r", b"")),
        ]
        .concat();
        cases.push(case(
            format!("two {kind} messages in one packet"),
            two,
            Then::Receipt("r"),
        ));
        let nothing = [
            frame(FIN | opcode, b""),
            frame(FIN | opcode, &extend("r", b"")),
        ]
        .concat();
        cases.push(case(
            format!("an empty {kind} message"),
            nothing,
            Then::Receipt("r"),
        ));
    }
    cases
}

fn whole_texts() -> Vec<Case> {
    let mut cases = Vec::new();
    for text in [
        "é",
        "€",
        "😀",
        "\u{0}",
        "\u{7f}",
        "\u{ffff}",
        "\u{10ffff}",
        "\u{d7ff}\u{e000}",
        "κόσμε",
    ] {
        let sent = frame(FIN | TEXT, &extend("r", text.as_bytes()));
        cases.push(case(
            format!("valid UTF-8 {text:?}"),
            sent,
            Then::Receipt("r"),
        ));
        let sent = pieces(TEXT, &extend("r", text.as_bytes()), 70, b"");
        cases.push(case(
            format!("valid UTF-8 {text:?} cut anywhere"),
            sent,
            Then::Receipt("r"),
        ));
    }
    cases
}

fn controls() -> Vec<Case> {
    let mut cases = Vec::new();
    for length in [0, 1, 2, 63, 124, 125] {
        let payload = vec![0xfe; length];
        cases.push(case(
            format!("a ping of {length}"),
            frame(FIN | PING, &payload),
            Then::Pong(payload),
        ));
    }
    for (kind, opcode) in [("close", CLOSE), ("ping", PING), ("pong", PONG)] {
        for length in [126, 127, 1000, 65_536] {
            let sent = frame(FIN | opcode, &vec![3; length]);
            cases.push(case(
                format!("a {kind} of {length}"),
                sent,
                Then::Close(1002),
            ));
        }
        cases.push(case(
            format!("a fragmented {kind}"),
            frame(opcode, b"\x03\xe8"),
            Then::Close(1002),
        ));
    }
    let pong = [frame(FIN | PONG, b"unasked"), frame(FIN | PING, b"p")].concat();
    cases.push(case("an unasked pong", pong, Then::Pong(b"p".to_vec())));
    let pings: Vec<u8> = (0..10).flat_map(|n| frame(FIN | PING, &[n])).collect();
    cases.push(case("ten pings", pings, Then::Pong(vec![0])));
    cases
}

fn broken_frames() -> Vec<Case> {
    let mut cases = Vec::new();
    for opcode in [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf] {
        for payload in [&b""[..], b"x"] {
            let sent = frame(FIN | opcode, payload);
            cases.push(case(
                format!("opcode {opcode:#x} with {payload:?}"),
                sent,
                Then::Close(1002),
            ));
        }
    }
    for rsv in [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70] {
        for opcode in [TEXT, BINARY, CLOSE, PING, PONG] {
            let sent = frame(FIN | rsv | opcode, b"");
            cases.push(case(
                format!("reserved bits {rsv:#x} on {opcode:#x}"),
                sent,
                Then::Close(1002),
            ));
        }
    }
    for (kind, first) in [
        ("text", TEXT),
        ("binary", BINARY),
        ("close", CLOSE),
        ("ping", PING),
        ("pong", PONG),
    ] {
        let sent = [&[FIN | first, 2][..], b"hi"].concat();
        cases.push(case(format!("an unmasked {kind}"), sent, Then::Close(1002)));
    }
    for fin in [0, FIN] {
        let sent = frame(fin | CONTINUATION, b"of nothing");
        cases.push(case(
            format!("a continuation of nothing ({fin:#x})"),
            sent,
            Then::Close(1002),
        ));
    }
    for (kind, opcode) in [("text", TEXT), ("binary", BINARY)] {
        for fin in [0, FIN] {
            let sent = [frame(TEXT, b"SEND\n"), frame(fin | opcode, b"x")].concat();
            cases.push(case(
                format!("{kind} ({fin:#x}) within a message"),
                sent,
                Then::Close(1002),
            ));
        }
        let after = [frame(FIN | opcode, b"\n"), frame(FIN | CONTINUATION, b"\n")].concat();
        cases.push(case(
            format!("a continuation after whole {kind}"),
            after,
            Then::Close(1002),
        ));
    }
    cases
}

fn texts() -> Vec<Case> {
    let bad: [&[u8]; 18] = [
        b"\x80",
        b"\xbf",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf0\x80\x80\x80",
        b"\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xfe",
        b"\xff",
        b"\xc3\x28",
        b"\xe2\x28\xa1",
        b"\xe2\x82\x28",
        b"\xf0\x28\x8c\xbc",
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80",
    ];
    let mut cases = Vec::new();
    for octets in bad {
        let sent = frame(FIN | TEXT, &extend("r", octets));
        cases.push(case(
            format!("{octets:x?} in a text"),
            sent,
            Then::Close(1007),
        ));
        let sent = pieces(TEXT, &extend("r", octets), 3, b"");
        cases.push(case(
            format!("{octets:x?} in fragments of a text"),
            sent,
            Then::Close(1007),
        ));
    }
    for cut in [&b"\xc3"[..], b"\xe2\x82", b"\xf0\x9f\x98"] {
        cases.push(case(
            format!("a text that ends in {cut:x?}"),
            frame(FIN | TEXT, cut),
            Then::Close(1007),
        ));
    }
    let binary = frame(FIN | BINARY, &extend("r", b"\xff\xfe"));
    cases.push(case(
        "the same octets in a binary message",
        binary,
        Then::Receipt("r"),
    ));
    cases
}

fn closes() -> Vec<Case> {
    let close =
        |code: u16, reason: &[u8]| frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat());
    let mut cases = vec![
        case(
            "a close without a code",
            frame(FIN | CLOSE, b""),
            Then::PlainClose,
        ),
        case(
            "a close of one octet",
            frame(FIN | CLOSE, b"\x03"),
            Then::Close(1002),
        ),
        case(
            "a close whose reason is no UTF-8",
            close(1000, b"\xff"),
            Then::Close(1007),
        ),
        case(
            "a close whose reason is cut",
            close(1000, b"\xe2\x82"),
            Then::Close(1007),
        ),
        case(
            "a close with a reason",
            close(1000, b"bye"),
            Then::Close(1000),
        ),
        case(
            "a close with a long reason",
            close(1000, &[b'x'; 123]),
            Then::Close(1000),
        ),
        case(
            "a close with a reason in UTF-8",
            close(1000, "tạm biệt".as_bytes()),
            Then::Close(1000),
        ),
    ];
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ] {
        cases.push(case(
            format!("a close with {code}"),
            close(code, b""),
            Then::Close(code),
        ));
    }
    for code in [
        0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535,
    ] {
        cases.push(case(
            format!("a close with {code}"),
            close(code, b""),
            Then::Close(1002),
        ));
    }
    cases
}

fn sizes() -> Vec<Case> {
    let huge = |length: u64| {
        let mut octets = vec![FIN | BINARY, 0x80 | 127];
        octets.extend(length.to_be_bytes());
        octets.extend([0; 4]);
        octets
    };
    let mut cases = vec![
        case(
            "a message of one octet too many",
            frame(FIN | BINARY, &vec![b'\n'; LONGEST + 1]),
            Then::Close(1009),
        ),
        case(
            "the longest message",
            [
                frame(FIN | BINARY, &vec![b'\n'; LONGEST]),
                frame(FIN | PING, b"p"),
            ]
            .concat(),
            Then::Pong(b"p".to_vec()),
        ),
        case(
            "fragments of too much together",
            pieces(BINARY, &vec![b'\n'; LONGEST + 1], 5, b""),
            Then::Close(1009),
        ),
        case(
            "fragments of too much, never ended",
            [
                frame(BINARY, &vec![b'\n'; LONGEST]),
                frame(CONTINUATION, b"\n"),
            ]
            .concat(),
            Then::Close(1009),
        ),
    ];
    for length in [70_000, 1 << 20, 1 << 31, 1 << 40, u64::MAX >> 1] {
        cases.push(case(
            format!("the announcement of {length} octets"),
            huge(length),
            Then::Close(1009),
        ));
    }
    cases
}

async fn connected(scene: &Scene) -> Result<Octets> {
    let token = scene.user1.token().context("a session")?;
    let mut socket = Octets::open(scene.url, token).await?;
    socket.send(&frame(FIN | TEXT, CONNECT)).await?;
    let connected = socket.next().await?.context("CONNECTED")?;
    ensure!(
        connected.payload.starts_with(b"CONNECTED\n"),
        "{connected:?}"
    );
    Ok(socket)
}

async fn judge(scene: &Scene, case: &Case) -> Result<()> {
    let mut socket = connected(scene).await?;
    // A server that has read enough may close while the rest is still being sent.
    let _ = socket.send(&case.sent).await;
    let mut answers = Vec::new();
    while let Some(answer) = socket.next().await? {
        let receipt = format!(
            "RECEIPT\nreceipt-id:{}\n",
            match case.then {
                Then::Receipt(id) => id,
                _ => "none",
            }
        );
        match (&case.then, answer.opcode()) {
            (Then::Receipt(_), TEXT | BINARY) if answer.payload.starts_with(receipt.as_bytes()) => {
                return Ok(());
            }
            (Then::Pong(payload), PONG) if answer.payload == *payload => return Ok(()),
            (Then::Close(code), CLOSE) if answer.close_code() == Some(*code) => return Ok(()),
            (Then::PlainClose, CLOSE) if matches!(answer.close_code(), None | Some(1000)) => {
                return Ok(());
            }
            (_, CLOSE) => bail!(
                "expected {:?}, closed with {:?}",
                case.then,
                answer.close_code()
            ),
            _ => answers.push(answer),
        }
    }
    bail!("expected {:?}, answers {answers:?}", case.then)
}

#[tokio::test]
async fn stomp_w7_rfc_6455_case_by_case() -> Result<()> {
    let scene = scene().await?;
    let cases: Vec<Case> = [
        messages(),
        whole_texts(),
        controls(),
        broken_frames(),
        texts(),
        closes(),
        sizes(),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(cases.len() >= 150, "{} cases", cases.len());
    let mut failures = Vec::new();
    for case in &cases {
        if let Err(error) = judge(&scene, case).await {
            failures.push(format!("{}: {error:#}", case.name));
        }
    }
    println!("{} cases", cases.len());
    assert!(
        failures.is_empty(),
        "{} of {}: {failures:#?}",
        failures.len(),
        cases.len()
    );
    let mut socket = scene.socket(&scene.user1).await?;
    socket.subscribe("/user/topic/rooms").await?;
    Ok(())
}
