//! Escape sequences by version.

use std::borrow::Cow;

use colloquy_websocket::stomp::{
    ClientCommand, DecodeError, HeartBeat, Limits, Version, encoder,
    escape::{escape, unescape},
};

use super::{decode, decode_pieces, frame, send};

#[test]
fn stomp_f13_input_is_unescaped_by_the_sessions_version() {
    let octets = b"SEND\nk\\c:a\\nb\\\\n\\cc\n\n\0";
    for version in [Version::V11, Version::V12] {
        assert_eq!(
            decode(version, octets),
            Ok(vec![send(&[("k:", "a\nb\\n:c")], b"")])
        );
    }
    assert_eq!(
        decode(Version::V10, octets),
        Ok(vec![send(&[("k\\c", "a\\nb\\\\n\\cc")], b"")])
    );
}

#[test]
fn stomp_f13_a_carriage_return_is_escaped_since_1_2() {
    let octets = b"SEND\nk:a\\rb\n\n\0";
    assert_eq!(
        decode(Version::V12, octets),
        Ok(vec![send(&[("k", "a\rb")], b"")])
    );
    assert_eq!(
        decode(Version::V11, octets),
        Err(DecodeError::UndefinedEscape)
    );
    assert_eq!(
        decode(Version::V10, octets),
        Ok(vec![send(&[("k", "a\\rb")], b"")])
    );
}

#[test]
fn stomp_f13_an_undefined_sequence_is_refused_in_names_and_values() {
    for version in [Version::V11, Version::V12] {
        for header in [
            "k:\\t", "k:\\", "k:\\N", "k:\\é", "k:\\\\\\", "\\t:v", "\\:v",
        ] {
            let octets = format!("SEND\n{header}\n\n\0");
            assert_eq!(
                decode(version, octets.as_bytes()),
                Err(DecodeError::UndefinedEscape),
                "{version:?} {header}"
            );
        }
    }
}

#[test]
fn stomp_f13_output_is_escaped_by_the_sessions_version() {
    let text = "a:b\\c\nd\re";
    assert_eq!(escape(Version::V10, text), text);
    assert_eq!(escape(Version::V11, text), "a\\cb\\\\c\\nd\re");
    assert_eq!(escape(Version::V12, text), "a\\cb\\\\c\\nd\\re");
}

#[test]
fn stomp_f13_what_needs_no_escape_is_not_copied() {
    for version in Version::ALL {
        assert!(matches!(escape(version, "sub-0"), Cow::Borrowed("sub-0")));
        assert!(matches!(
            unescape(version, "sub-0"),
            Ok(Cow::Borrowed("sub-0"))
        ));
    }
}

#[test]
fn stomp_f14_connect_and_stomp_are_never_unescaped() {
    for (command, name) in [
        (ClientCommand::Connect, "CONNECT"),
        (ClientCommand::Stomp, "STOMP"),
    ] {
        let octets = format!("{name}\naccept-version:1.2\nk:a\\nb\\t\\\n\n\0");
        let expected = frame(
            command,
            &[("accept-version", "1.2"), ("k", "a\\nb\\t\\")],
            b"",
        );
        for version in [None, Some(Version::V11), Some(Version::V12)] {
            let decoded = decode_pieces(Limits::default(), version, [octets.as_bytes()]);
            assert_eq!(decoded.error, None);
            assert_eq!(decoded.frames, std::slice::from_ref(&expected));
        }
    }
}

#[test]
fn stomp_f14_frames_behind_connect_are_read_by_its_version() {
    let octets = b"CONNECT\naccept-version:1.1\nk:\\c\n\n\0SEND\nk:\\c\n\n\0";
    let decoded = decode_pieces(Limits::default(), None, [octets.as_slice()]);
    let values: Vec<_> = decoded
        .frames
        .iter()
        .map(|frame| frame.header("k"))
        .collect();
    assert_eq!(values, [Some("\\c"), Some(":")]);
}

#[test]
fn stomp_f14_connected_is_not_escaped() {
    let connected = encoder::connected(
        Version::V12,
        HeartBeat::default(),
        colloquy_contracts::CustomerId(7),
    );
    assert!(!connected.contains(&b'\\'));
}
