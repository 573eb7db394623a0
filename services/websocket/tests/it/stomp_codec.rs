//! The STOMP codec, octet by octet. The tests carry the numbers of its specification.

mod connecting;
mod escapes;
mod frames;
mod limits;
mod partitions;
mod server_frames;
mod streams;

use colloquy_websocket::stomp::{
    ClientCommand, DecodeError, Decoder, Event, Frame, Headers, Limits, Version,
};

/// What a decoder made of a stream.
#[derive(Debug, PartialEq)]
struct Decoded {
    frames: Vec<Frame>,
    error: Option<DecodeError>,
    failed_receipt: Option<String>,
    is_partial: bool,
}

/// Takes whatever events there are, as a session does: CONNECT sets the version of what follows.
fn take_frames(
    decoder: &mut Decoder,
    session: &mut Option<Version>,
    frames: &mut Vec<Frame>,
) -> Result<(), DecodeError> {
    while let Some(event) = decoder.next_event()? {
        let Event::Frame(frame) = event else { continue };
        if frame.command.opens_session() && session.is_none() {
            *session = Version::negotiate(frame.header("accept-version"));
            if let Some(version) = *session {
                decoder.set_version(version);
            }
        }
        frames.push(frame);
    }
    Ok(())
}

/// Decodes a stream that comes in these pieces, asking for frames after each.
fn decode_pieces<'a>(
    limits: Limits,
    version: Option<Version>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Decoded {
    let mut decoder = Decoder::new(limits);
    if let Some(version) = version {
        decoder.set_version(version);
    }
    let mut session = version;
    let mut frames = Vec::new();
    let mut error = None;
    for piece in pieces {
        decoder.feed(piece);
        error = take_frames(&mut decoder, &mut session, &mut frames).err();
    }
    Decoded {
        frames,
        error,
        failed_receipt: decoder.failed_receipt().map(str::to_owned),
        is_partial: decoder.is_partial(),
    }
}

/// The frames of a whole stream in a session of this version.
fn decode(version: Version, octets: &[u8]) -> Result<Vec<Frame>, DecodeError> {
    let decoded = decode_pieces(Limits::default(), Some(version), [octets]);
    match decoded.error {
        Some(error) => Err(error),
        None => {
            assert!(!decoded.is_partial, "the stream ends inside a frame");
            Ok(decoded.frames)
        }
    }
}

fn frame(command: ClientCommand, headers: &[(&str, &str)], body: &'static [u8]) -> Frame {
    Frame {
        command,
        headers: Headers::from_iter(headers.iter().copied()),
        body: body.into(),
    }
}

fn send(headers: &[(&str, &str)], body: &'static [u8]) -> Frame {
    frame(ClientCommand::Send, headers, body)
}
