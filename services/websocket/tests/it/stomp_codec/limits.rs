//! How much one frame may hold; stomp.md §6.

use colloquy_websocket::stomp::{DecodeError, Limits, Version};

use super::decode;

fn outcome(octets: &[u8]) -> Result<usize, DecodeError> {
    decode(Version::V12, octets).map(|frames| frames.len())
}

/// A SEND frame that has exactly this many octets.
fn frame_of(octets: usize) -> Vec<u8> {
    let mut frame = b"SEND\n\n".to_vec();
    frame.resize(octets - 1, b'x');
    frame.push(0);
    frame
}

#[test]
fn stomp_limits_are_those_of_the_documents() {
    assert_eq!(
        Limits::default(),
        Limits {
            headers: 64,
            header_line: 8_192,
            frame: 65_536,
            destination: 512,
            id: 128,
            receipt: 256,
        }
    );
}

#[test]
fn stomp_limits_64_headers_a_frame() {
    let frame_with = |headers| format!("SEND\n{}\n\0", "a:b\n".repeat(headers));
    assert_eq!(outcome(frame_with(64).as_bytes()), Ok(1));
    assert_eq!(
        outcome(frame_with(65).as_bytes()),
        Err(DecodeError::TooManyHeaders)
    );
}

#[test]
fn stomp_limits_8_kib_a_header_line_whatever_its_end() {
    for end in ["\n", "\r\n"] {
        let frame_with = |octets: usize| format!("SEND\nk:{}{end}\n\0", "x".repeat(octets - 2));
        assert_eq!(outcome(frame_with(8_192).as_bytes()), Ok(1));
        assert_eq!(
            outcome(frame_with(8_193).as_bytes()),
            Err(DecodeError::HeaderTooLong)
        );
    }
    let endless = format!("SEND\nk:{}", "x".repeat(8_192));
    assert_eq!(outcome(endless.as_bytes()), Err(DecodeError::HeaderTooLong));
}

#[test]
fn stomp_limits_64_kib_a_frame() {
    assert_eq!(outcome(&frame_of(65_536)), Ok(1));
    assert_eq!(outcome(&frame_of(65_537)), Err(DecodeError::FrameTooLarge));

    let counted = |body: usize| {
        let mut frame = format!("SEND\ncontent-length:{body}\n\n").into_bytes();
        frame.resize(frame.len() + body, b'x');
        frame.push(0);
        frame
    };
    let most = 65_536 - "SEND\ncontent-length:65514\n\n\0".len();
    assert_eq!(outcome(&counted(most)), Ok(1));
    assert_eq!(outcome(&counted(most + 1)), Err(DecodeError::FrameTooLarge));
}

#[test]
fn stomp_limits_64_kib_a_frame_without_a_body() {
    let line = format!("k:{}\n", "x".repeat(8_000));
    let frame_of = |octets: usize| {
        let head = format!("ACK\n{}k:", line.repeat(8));
        let value = "x".repeat(octets - head.len() - "\n\n\0".len());
        format!("{head}{value}\n\n\0")
    };
    assert_eq!(outcome(frame_of(65_536).as_bytes()), Ok(1));
    assert_eq!(
        outcome(frame_of(65_537).as_bytes()),
        Err(DecodeError::FrameTooLarge)
    );
}

#[test]
fn stomp_limits_count_headers_towards_the_frame() {
    let line = format!("k:{}\n", "x".repeat(8_000));
    let octets = format!("SEND\n{}", line.repeat(9));
    assert_eq!(outcome(octets.as_bytes()), Err(DecodeError::FrameTooLarge));
}

#[test]
fn stomp_limits_do_not_add_up_over_frames_and_line_ends() {
    let mut octets = frame_of(65_536);
    octets.extend([b'\n'; 70_000]);
    octets.extend(frame_of(65_536));
    assert_eq!(outcome(&octets), Ok(2));
}

#[test]
fn stomp_limits_of_destination_id_and_receipt() {
    for (name, limit, error) in [
        ("destination", 512, DecodeError::DestinationTooLong),
        ("id", 128, DecodeError::IdTooLong),
        ("receipt", 256, DecodeError::ReceiptTooLong),
    ] {
        let frame_with = |octets| format!("SUBSCRIBE\n{name}:{}\n\n\0", "x".repeat(octets));
        assert_eq!(outcome(frame_with(limit).as_bytes()), Ok(1));
        assert_eq!(outcome(frame_with(limit + 1).as_bytes()), Err(error));
        let escaped = format!("SUBSCRIBE\n{name}:{}\n\n\0", "\\c".repeat(limit));
        assert_eq!(outcome(escaped.as_bytes()), Ok(1));
    }
}
