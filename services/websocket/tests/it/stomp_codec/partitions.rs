//! Properties over many generated streams: how a stream is cut changes nothing (F17), nothing makes the codec panic,
//! and what one side writes the other reads.

use std::cell::Cell;

use colloquy_websocket::stomp::{
    Headers, Limits, MessageTemplate, Version, encoder,
    escape::{escape, unescape},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{
    decode_pieces,
    streams::{cuts, damaged_streams, noise, pieces, sayable, spelt, streams, texts, versions},
};

const VALID_CASES: u32 = 50_000;
const DAMAGED_CASES: u32 = 75_000;
const NOISE_CASES: u32 = 75_000;
const ESCAPE_CASES: u32 = 15_000;
const SERVER_FRAME_CASES: u32 = 10_000;

const _: () = assert!(
    VALID_CASES + DAMAGED_CASES + NOISE_CASES + ESCAPE_CASES + SERVER_FRAME_CASES >= 100_000
);

/// So small that generated streams are often over one of them.
const TIGHT: Limits = Limits {
    headers: 3,
    header_line: 20,
    frame: 60,
    destination: 2,
    id: 1,
    receipt: 1,
};

fn for_all<S: Strategy>(
    cases: u32,
    strategy: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let ran = Cell::new(0);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(strategy, |value| {
            ran.set(ran.get() + 1);
            property(value)
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(ran.get(), cases);
}

#[test]
fn stomp_f17_a_valid_stream_gives_its_frames_however_it_is_cut() {
    for_all(VALID_CASES, &(streams(), cuts()), |(stream, cuts)| {
        let version = Some(stream.version);
        let decoded = decode_pieces(Limits::default(), version, pieces(&stream.octets, &cuts));
        prop_assert_eq!(decoded.error, None);
        prop_assert_eq!(decoded.frames, stream.frames);
        prop_assert!(!decoded.is_partial);
        Ok(())
    });
}

#[test]
fn stomp_f17_a_damaged_stream_gives_the_same_however_it_is_cut() {
    for_all(
        DAMAGED_CASES,
        &(damaged_streams(), cuts()),
        |((version, octets), cuts)| same_however_cut(Some(version), &octets, &cuts),
    );
}

#[test]
fn stomp_f17_noise_gives_the_same_however_it_is_cut() {
    let versions = proptest::option::of(versions());
    for_all(
        NOISE_CASES,
        &(versions, noise(), cuts()),
        |(version, octets, cuts)| same_however_cut(version, &octets, &cuts),
    );
}

#[test]
fn stomp_f17_every_partition_of_a_short_stream_gives_the_same() {
    for octets in [
        b"\r\nACK\r\nk:\\n\n\n\0\n".as_slice(),
        b"SEND\n\na\0\0SEND\n",
        b"SEND\n\xc3\xa9:\r\r\n\0",
        b"STOMP\nreceipt\n\n\0",
        b"UNSUBSCRIBER\n\n\0\0",
    ] {
        let whole = decode_pieces(TIGHT, Some(Version::V12), [octets]);
        let gaps = octets.len() - 1;
        for cut_at in 0..1_u32 << gaps {
            let cuts = (1..octets.len()).filter(|at| cut_at >> (at - 1) & 1 == 1);
            let ends: Vec<_> = [0].into_iter().chain(cuts).chain([octets.len()]).collect();
            let pieces = ends.windows(2).map(|ends| &octets[ends[0]..ends[1]]);
            assert_eq!(decode_pieces(TIGHT, Some(Version::V12), pieces), whole);
        }
    }
}

#[test]
fn stomp_f13_escapes_come_back_as_they_were_in_every_version() {
    for_all(ESCAPE_CASES, &(versions(), texts()), |(version, text)| {
        let escaped = escape(version, &text);
        prop_assert_eq!(unescape(version, &escaped), Ok(text.as_str().into()));
        if version >= Version::V11 {
            prop_assert!(!escaped.contains(['\n', ':']));
        }
        if version >= Version::V12 {
            prop_assert!(!escaped.contains('\r'));
        }
        Ok(())
    });
}

#[test]
fn stomp_s5_r1_r5_a_client_reads_what_the_server_writes() {
    let inputs = (versions(), texts(), texts());
    for_all(SERVER_FRAME_CASES, &inputs, |(version, id, body)| {
        let id = sayable(version, &id);
        let escaped = escape(version, &id);
        let message = MessageTemplate::new("/topic/a", "m-1", body.clone().into());
        let error = "no such thing";
        for (frame, name, body) in [
            (message.encode(&escaped, None), "subscription", &*body),
            (
                message.encode(&escaped, Some("m-1")),
                "subscription",
                &*body,
            ),
            (encoder::receipt(version, &id), "receipt-id", ""),
            (
                encoder::error(version, error, [("receipt-id", id.as_str())]),
                "receipt-id",
                error,
            ),
        ] {
            let (headers, read_body) = read_by_client(&frame);
            prop_assert_eq!(headers.get(name), Some(&*spelt(version, &id)));
            prop_assert_eq!(read_body, body);
            let length = headers.get("content-length");
            prop_assert_eq!(length.unwrap_or("0"), body.len().to_string());
        }
        Ok(())
    });
}

/// Headers as they are on the wire, and the body.
fn read_by_client(frame: &[u8]) -> (Headers, &str) {
    let frame = str::from_utf8(frame).expect("utf-8");
    let (head, rest) = frame.split_once("\n\n").expect("a blank line");
    let headers = head
        .split('\n')
        .skip(1)
        .map(|line| line.split_once(':').expect("a colon"));
    let body = rest.strip_suffix('\0').expect("a NUL at the end");
    (headers.collect(), body)
}

fn same_however_cut(
    version: Option<Version>,
    octets: &[u8],
    cuts: &[usize],
) -> Result<(), TestCaseError> {
    for limits in [Limits::default(), TIGHT] {
        let whole = decode_pieces(limits, version, [octets]);
        let cut = decode_pieces(limits, version, pieces(octets, cuts));
        prop_assert_eq!(&cut, &whole);
        let each = decode_pieces(limits, version, octets.chunks(1));
        prop_assert_eq!(&each, &whole);
    }
    Ok(())
}
