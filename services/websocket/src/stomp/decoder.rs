//! The incremental decoder: it takes octets as they come, in pieces of any size, and gives frames.

use std::mem;

use bytes::Bytes;

use super::{
    DecodeError, Frame, Limits, Version,
    head::{Extent, Head},
    input::{Input, Stop},
};

/// Room for the longest command, `UNSUBSCRIBE`, and CRLF. Whatever is longer is known to be none at once.
const COMMAND_WINDOW: usize = 13;

/// What came from the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// One or more line ends between frames: nothing but a heart-beat.
    HeartBeat,
    /// A frame.
    Frame(Frame),
}

/// Decodes what one client sends. Every way of cutting its octets into pieces gives the same frames or the same error.
///
/// It holds no memory between frames, and at most one frame's worth inside one, provided that the caller asks for
/// events until there is none before it feeds more.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    version: Option<Version>,
    input: Input,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    BetweenFrames,
    InFrame(Head),
    Failed {
        error: DecodeError,
        receipt: Option<String>,
    },
}

impl Decoder {
    /// A decoder for a new connection, before its CONNECT.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            version: None,
            input: Input::default(),
            stage: Stage::BetweenFrames,
        }
    }

    /// Tells which version CONNECT has negotiated. Frames already fed but not yet asked for are read by it.
    pub fn set_version(&mut self, version: Version) {
        self.version = Some(version);
    }

    /// Takes octets. After an error they are dropped.
    pub fn feed(&mut self, octets: &[u8]) {
        if !matches!(self.stage, Stage::Failed { .. }) {
            self.input.extend(octets);
        }
    }

    /// The next event, or nothing until more octets are fed.
    ///
    /// # Errors
    /// What came is not a frame. Nothing after it can be read: every further call answers the same error.
    pub fn next_event(&mut self) -> Result<Option<Event>, DecodeError> {
        let event = self.advance();
        match &event {
            Err(error) => self.fail(*error),
            Ok(None) => self.input.release_read(),
            Ok(Some(_)) if self.input.is_empty() => self.input.release_read(),
            Ok(Some(_)) => {}
        }
        event
    }

    /// Whether a frame has begun and is not complete. Ask when [`next_event`](Self::next_event) has answered nothing.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        match self.stage {
            Stage::BetweenFrames => !self.input.is_empty(),
            Stage::InFrame(_) => true,
            Stage::Failed { .. } => false,
        }
    }

    /// The `receipt` of the frame that was in error, if it was read before the error; the ERROR frame must name it.
    #[must_use]
    pub fn failed_receipt(&self) -> Option<&str> {
        match &self.stage {
            Stage::Failed { receipt, .. } => receipt.as_deref(),
            _ => None,
        }
    }

    fn fail(&mut self, error: DecodeError) {
        let receipt = match &self.stage {
            Stage::Failed { .. } => return,
            Stage::BetweenFrames => None,
            Stage::InFrame(head) => head.receipt().map(str::to_owned),
        };
        self.input = Input::default();
        self.stage = Stage::Failed { error, receipt };
    }

    fn advance(&mut self) -> Result<Option<Event>, DecodeError> {
        loop {
            match &mut self.stage {
                Stage::BetweenFrames if self.input.skip_line_ends() => {
                    return Ok(Some(Event::HeartBeat));
                }
                Stage::BetweenFrames => {
                    let Some(line) = take_command(&mut self.input)? else {
                        return Ok(None);
                    };
                    self.stage = Stage::InFrame(Head::begin(line)?);
                }
                Stage::InFrame(head) => {
                    let Some(extent) = head.body else {
                        let Some(line) = take_header(&mut self.input, head, &self.limits)? else {
                            return Ok(None);
                        };
                        head.read_line(line, self.version, &self.limits)?;
                        continue;
                    };
                    let Some(body) = take_body(&mut self.input, extent)? else {
                        return Ok(None);
                    };
                    let frame = Frame {
                        command: head.command,
                        headers: mem::take(&mut head.headers),
                        body: Bytes::copy_from_slice(body),
                    };
                    self.stage = Stage::BetweenFrames;
                    return Ok(Some(Event::Frame(frame)));
                }
                Stage::Failed { error, .. } => return Err(*error),
            }
        }
    }
}

fn take_command(input: &mut Input) -> Result<Option<&[u8]>, DecodeError> {
    input.take_line(COMMAND_WINDOW).map_err(|stop| match stop {
        Stop::Nul => DecodeError::UnfinishedHeaders,
        Stop::TooLong => DecodeError::UnknownCommand,
    })
}

fn take_header<'a>(
    input: &'a mut Input,
    head: &Head,
    limits: &Limits,
) -> Result<Option<&'a [u8]>, DecodeError> {
    let room = head.room(limits);
    // CRLF comes on top of the limit of a line.
    let window = limits.header_line.saturating_add(2);
    input
        .take_line(window.min(room))
        .map_err(|stop| match stop {
            Stop::Nul => DecodeError::UnfinishedHeaders,
            Stop::TooLong if room < window => DecodeError::FrameTooLarge,
            Stop::TooLong => DecodeError::HeaderTooLong,
        })
}

fn take_body(input: &mut Input, extent: Extent) -> Result<Option<&[u8]>, DecodeError> {
    match extent {
        Extent::Absent => input
            .take_counted(0)
            .map_err(|_| DecodeError::UnexpectedBody),
        Extent::Counted(octets) => input
            .take_counted(octets)
            .map_err(|_| DecodeError::BodyBeyondContentLength),
        Extent::UntilNul { window } => input
            .take_until_nul(window)
            .map_err(|_| DecodeError::FrameTooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_no_octets_after_an_error() {
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(b"NONSENSE\n\n\0SEND\n\n\0");
        assert_eq!(decoder.next_event(), Err(DecodeError::UnknownCommand));
        decoder.feed(b"SEND\n\n\0");
        assert!(decoder.input.is_empty());
    }
}
