//! Frames from a client: stomp.md §2 but for escapes and partitions.

use colloquy_websocket::stomp::{
    ClientCommand, DecodeError, Decoder, Event, Frame, Limits, Version,
};

use super::{decode, decode_pieces, frame, send};

fn assert_refused(version: Version, octets: &[u8], error: DecodeError) {
    assert_eq!(
        decode(version, octets),
        Err(error),
        "{version:?} {}",
        octets.escape_ascii()
    );
}

#[test]
fn stomp_f1_lf_and_crlf_line_ends_in_every_version() {
    for version in Version::ALL {
        for octets in [
            b"SEND\na:b\nc:d\n\nbody\0".as_slice(),
            b"SEND\r\na:b\r\nc:d\r\n\r\nbody\0",
            b"SEND\na:b\r\nc:d\n\r\nbody\0",
        ] {
            let expected = send(&[("a", "b"), ("c", "d")], b"body");
            assert_eq!(decode(version, octets), Ok(vec![expected]));
        }
    }
}

#[test]
fn stomp_f2_a_lone_carriage_return_in_a_header_is_refused_in_1_2_only() {
    let octets = b"SEND\na:b\rc\n\n\0";
    assert_refused(Version::V12, octets, DecodeError::CarriageReturn);
    assert_refused(
        Version::V12,
        b"SEND\na:b\r\r\n\n\0",
        DecodeError::CarriageReturn,
    );
    for version in [Version::V10, Version::V11] {
        assert_eq!(
            decode(version, octets),
            Ok(vec![send(&[("a", "b\rc")], b"")])
        );
    }
}

#[test]
fn stomp_f3_line_ends_around_frames_are_activity_and_nothing_else() {
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(b"\n\r\n\nCONNECT\n\n\0\n\r\nSEND\n\n\0\n");
    let events: Vec<_> = std::iter::from_fn(|| decoder.next_event().unwrap()).collect();
    assert_eq!(
        events,
        [
            Event::HeartBeat,
            Event::Frame(frame(ClientCommand::Connect, &[], b"")),
            Event::HeartBeat,
            Event::Frame(send(&[], b"")),
            Event::HeartBeat,
        ]
    );
    assert!(!decoder.is_partial());
}

#[test]
fn stomp_f4_a_header_is_split_at_its_first_colon() {
    for version in Version::ALL {
        assert_eq!(
            decode(version, b"SEND\nurl:http://a:80/\n\n\0"),
            Ok(vec![send(&[("url", "http://a:80/")], b"")])
        );
    }
}

#[test]
fn stomp_f5_a_value_may_be_empty_a_name_may_not() {
    for version in Version::ALL {
        assert_eq!(
            decode(version, b"SEND\nk:\n\n\0"),
            Ok(vec![send(&[("k", "")], b"")])
        );
        assert_refused(version, b"SEND\n:v\n\n\0", DecodeError::MalformedHeader);
        assert_refused(version, b"SEND\nkv\n\n\0", DecodeError::MalformedHeader);
    }
}

#[test]
fn stomp_f6_spaces_are_never_trimmed() {
    for version in Version::ALL {
        let frames = decode(version, b"SEND\n k : v \t\n\n  \0").unwrap();
        assert_eq!(frames, [send(&[(" k ", " v \t")], b"  ")]);
    }
}

#[test]
fn stomp_f7_the_first_of_a_repeated_header_counts() {
    let frames = decode(
        Version::V12,
        b"SEND\nk:first\nK:other\nk:second\ncontent-length:1\ncontent-length:x\n\nb\0",
    )
    .unwrap();
    assert_eq!(frames[0].header("k"), Some("first"));
    assert_eq!(frames[0].headers.count(), 5);
    assert_eq!(frames[0].body, "b");
}

#[test]
fn stomp_f8_only_a_clients_commands_in_capitals_are_known() {
    for command in ClientCommand::ALL {
        let octets = format!("{}\n\n\0", command.as_str());
        assert_eq!(
            decode(Version::V12, octets.as_bytes()),
            Ok(vec![frame(command, &[], b"")])
        );
    }
    for command in [
        "MESSAGE",
        "CONNECTED",
        "RECEIPT",
        "ERROR",
        "send",
        "Send",
        " SEND",
        "SEND ",
        "SENDX",
        "GET / HTTP/1.1",
        "\r\r",
        "\u{feff}SEND",
    ] {
        let octets = format!("{command}\n\n\0");
        assert_refused(Version::V12, octets.as_bytes(), DecodeError::UnknownCommand);
    }
}

#[test]
fn stomp_f8_what_is_longer_than_any_command_is_refused_before_its_line_ends() {
    assert_refused(Version::V12, b"UNSUBSCRIBES ", DecodeError::UnknownCommand);
    assert_eq!(
        decode(Version::V12, b"UNSUBSCRIBE\r\n\r\n\0"),
        Ok(vec![frame(ClientCommand::Unsubscribe, &[], b"")])
    );
}

/// Everything that a client may send, and whether it may have a body since 1.1 (STOMP 1.2, "Body").
const BODIES: [(&str, bool); 11] = [
    ("CONNECT", false),
    ("STOMP", false),
    ("SEND", true),
    ("SUBSCRIBE", false),
    ("UNSUBSCRIBE", false),
    ("ACK", false),
    ("NACK", false),
    ("BEGIN", false),
    ("COMMIT", false),
    ("ABORT", false),
    ("DISCONNECT", false),
];

#[test]
fn stomp_f9_only_send_may_have_a_body_since_1_1() {
    assert_eq!(
        ClientCommand::ALL.map(ClientCommand::as_str),
        BODIES.map(|(name, _)| name)
    );
    for version in [Version::V11, Version::V12] {
        for (name, may_have_a_body) in BODIES {
            assert_body(version, name, "", "x", may_have_a_body);
            assert_body(version, name, "content-length:1\n", "x", may_have_a_body);
            for no_body in ["", "content-length:0\n"] {
                assert_body(version, name, no_body, "", true);
            }
        }
    }
    for (name, _) in BODIES {
        let octets = format!("{name}\n\nx\0");
        let frames = decode(Version::V10, octets.as_bytes()).unwrap();
        assert_eq!(bodies(&frames), [(name, b"x".as_slice())], "1.0");
    }
}

/// A frame with this body in a session of this version, or a CONNECT that begins one: it is read, or refused before it
/// has ended.
fn assert_body(version: Version, name: &str, header: &str, body: &str, is_read: bool) {
    let opens_session = matches!(name, "CONNECT" | "STOMP");
    let accepts = match (opens_session, version) {
        (false, _) => "",
        (true, Version::V12) => "accept-version:1.0,1.1,1.2\n",
        (true, _) => "accept-version:1.0,1.1\n",
    };
    let session = (!opens_session).then_some(version);
    let begun = format!("{name}\n{accepts}{header}\n{body}");
    let pieces = [begun.as_bytes(), b"\0".as_slice()];
    let early = decode_pieces(Limits::default(), session, pieces[..1].iter().copied());
    let whole = decode_pieces(Limits::default(), session, pieces);
    let (read, refused) = if is_read {
        (vec![(name, body.as_bytes())], None)
    } else {
        (vec![], Some(DecodeError::UnexpectedBody))
    };
    assert_eq!(early.error, refused, "{version:?} {begun:?}");
    assert_eq!(whole.error, refused, "{version:?} {begun:?}");
    assert_eq!(bodies(&whole.frames), read, "{version:?} {begun:?}");
}

fn bodies(frames: &[Frame]) -> Vec<(&str, &[u8])> {
    let frames = frames.iter();
    frames
        .map(|frame| (frame.command.as_str(), &frame.body[..]))
        .collect()
}

#[test]
fn stomp_f9_a_1_0_connect_may_have_a_body() {
    let decoded = decode_pieces(Limits::default(), None, [b"CONNECT\n\nx\0".as_slice()]);
    assert_eq!(decoded.error, None);
    assert_eq!(decoded.frames, [frame(ClientCommand::Connect, &[], b"x")]);
}

#[test]
fn stomp_f10_a_nul_before_the_blank_line_is_refused_at_once() {
    for octets in [
        b"\0".as_slice(),
        b"\n\0",
        b"SEND\0",
        b"SEND\n\0",
        b"SEND\na:b\0",
        b"SEND\na:b\n\0",
        b"SEND\na:b\n\r\0",
    ] {
        assert_refused(Version::V12, octets, DecodeError::UnfinishedHeaders);
    }
}

#[test]
fn stomp_f11_without_its_nul_a_frame_is_awaited() {
    let whole = b"SEND\ncontent-length:2\n\nab\0";
    for end in 1..whole.len() {
        let decoded = decode_pieces(Limits::default(), Some(Version::V12), [&whole[..end]]);
        assert_eq!((decoded.frames.len(), decoded.error), (0, None));
        assert!(decoded.is_partial, "{end} octets");
    }
    let decoded = decode_pieces(Limits::default(), Some(Version::V12), [whole.as_slice()]);
    assert_eq!(decoded.frames.len(), 1);
    assert!(!decoded.is_partial);
}

#[test]
fn stomp_f12_headers_are_utf_8() {
    for version in Version::ALL {
        assert_eq!(
            decode(version, "SEND\nключ:значение 😀\n\n\0".as_bytes()),
            Ok(vec![send(&[("ключ", "значение 😀")], b"")])
        );
        for octets in [
            b"SEND\nk:\xff\n\n\0".as_slice(),
            b"SEND\n\xc3:v\n\n\0",
            b"SEND\nk:\xed\xa0\x80\n\n\0",
        ] {
            assert_refused(version, octets, DecodeError::InvalidUtf8);
        }
        assert_refused(
            version,
            b"SEND\nk:a\0b\n\n\0",
            DecodeError::UnfinishedHeaders,
        );
    }
}

#[test]
fn stomp_f12_a_body_may_be_any_octets() {
    assert_eq!(
        decode(Version::V12, b"SEND\n\n\xff\xfe\n\r\0"),
        Ok(vec![send(&[], b"\xff\xfe\n\r")])
    );
}

#[test]
fn stomp_f15_content_length_counts_octets_and_keeps_nuls() {
    for version in Version::ALL {
        let length = [("content-length", "5")];
        assert_eq!(
            decode(version, b"SEND\ncontent-length:5\n\n\0\xc3\xa9\n\0\0"),
            Ok(vec![send(&length, b"\0\xc3\xa9\n\0")])
        );
        assert_eq!(
            decode(version, b"SEND\ncontent-length:05\n\nabcde\0").map(|frames| frames.len()),
            Ok(1)
        );
        assert_refused(
            version,
            b"SEND\ncontent-length:5\n\nabcdef\0",
            DecodeError::BodyBeyondContentLength,
        );
        assert_refused(
            version,
            b"SEND\ncontent-length:0\n\na",
            DecodeError::BodyBeyondContentLength,
        );
    }
}

#[test]
fn stomp_f16_an_absurd_content_length_is_refused_before_any_body() {
    for length in [
        "-1",
        "+1",
        "x",
        "",
        " 5",
        "5 ",
        "1 0",
        "0x10",
        "5.0",
        "٣",
        "18446744073709551616",
        "99999999999999999999999999",
    ] {
        let octets = format!("SEND\ncontent-length:{length}\n\n");
        assert_refused(
            Version::V12,
            octets.as_bytes(),
            DecodeError::InvalidContentLength,
        );
    }
    for length in ["65536", "4294967296", "18446744073709551615"] {
        let octets = format!("SEND\ncontent-length:{length}\n\n");
        assert_refused(Version::V12, octets.as_bytes(), DecodeError::FrameTooLarge);
    }
}

#[test]
fn stomp_r3_the_receipt_of_a_frame_in_error_is_known() {
    let receipt_of = |octets: &[u8]| {
        let decoded = decode_pieces(Limits::default(), Some(Version::V12), [octets]);
        assert!(decoded.error.is_some());
        decoded.failed_receipt
    };
    assert_eq!(
        receipt_of(b"SEND\nreceipt:a\\cb\ncontent-length:x\n\n\0").as_deref(),
        Some("a:b")
    );
    assert_eq!(
        receipt_of(b"ACK\nreceipt:r\n\nbody\0").as_deref(),
        Some("r")
    );
    assert_eq!(receipt_of(b"SEND\nbroken\nreceipt:r\n\n\0"), None);
    assert_eq!(receipt_of(b"CONNECT\nreceipt:r\nbroken\n\n\0"), None);
}

#[test]
fn stomp_r4_nothing_is_read_after_an_error() {
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(b"SEND\n\n\0NONSENSE\n\n\0SEND\n\n\0");
    assert_eq!(decoder.next_event(), Ok(Some(Event::Frame(send(&[], b"")))));
    for _ in 0..3 {
        assert_eq!(decoder.next_event(), Err(DecodeError::UnknownCommand));
        decoder.feed(b"SEND\n\n\0");
    }
    assert!(!decoder.is_partial());
}

#[test]
fn a_frame_in_a_log_shows_neither_values_nor_body() {
    let frames: Vec<Frame> = decode(Version::V12, b"SEND\njwt_token:secret\n\nprivate\0").unwrap();
    let shown = format!("{frames:?}");
    assert!(shown.contains("jwt_token"));
    assert!(!shown.contains("secret") && !shown.contains("private"));
}
