//! A frame's command and headers while they are read, and what they say about the body.

use super::{ClientCommand, DecodeError, Headers, Limits, Version, escape::unescape};

/// What has been read of a frame before its body.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) command: ClientCommand,
    pub(super) headers: Headers,
    /// How long the body is, once the headers have ended.
    pub(super) body: Option<Extent>,
    octets: usize,
}

/// How long the body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// There may be none.
    Absent,
    /// As `content-length` says.
    Counted(usize),
    /// Until the first NUL, which must be among the next `window` octets.
    UntilNul { window: usize },
}

impl Head {
    /// Reads the frame's first line.
    pub(super) fn begin(line: &[u8]) -> Result<Self, DecodeError> {
        let command = ClientCommand::parse(without_carriage_return(line));
        Ok(Self {
            command: command.ok_or(DecodeError::UnknownCommand)?,
            headers: Headers::default(),
            body: None,
            octets: line.len() + 1,
        })
    }

    /// How many octets of the frame may still come.
    pub(super) fn room(&self, limits: &Limits) -> usize {
        limits.frame.saturating_sub(self.octets)
    }

    /// Reads a header, or the blank line that ends them.
    pub(super) fn read_line(
        &mut self,
        line: &[u8],
        session: Option<Version>,
        limits: &Limits,
    ) -> Result<(), DecodeError> {
        self.octets += line.len() + 1;
        let line = without_carriage_return(line);
        if line.is_empty() {
            self.body = Some(self.extent(session, limits)?);
            return Ok(());
        }
        if line.len() > limits.header_line {
            return Err(DecodeError::HeaderTooLong);
        }
        if self.headers.count() == limits.headers {
            return Err(DecodeError::TooManyHeaders);
        }
        let version = session.filter(|_| !self.command.opens_session());
        let (name, value) = parse_header(line, version)?;
        check_length(&name, &value, limits)?;
        self.headers.push(name, value);
        Ok(())
    }

    /// The receipt that an ERROR about this frame must name (STOMP 1.2, "ERROR").
    pub(super) fn receipt(&self) -> Option<&str> {
        let receipt = self.headers.get("receipt");
        receipt.filter(|_| !self.command.opens_session())
    }

    /// Known before any of the body is kept: an absurd `content-length` costs nothing.
    fn extent(&self, session: Option<Version>, limits: &Limits) -> Result<Extent, DecodeError> {
        let counted = self.headers.get("content-length").map(parse_count);
        match (counted.transpose()?, self.room(limits)) {
            (Some(1..), _) if !self.may_have_body(session) => Err(DecodeError::UnexpectedBody),
            // The NUL behind the body needs room, too.
            (Some(octets), room) if octets < room => Ok(Extent::Counted(octets)),
            (Some(_), _) | (None, 0) => Err(DecodeError::FrameTooLarge),
            (None, window) if self.may_have_body(session) => Ok(Extent::UntilNul { window }),
            (None, _) => Ok(Extent::Absent),
        }
    }

    /// In 1.0 any frame may, later a SEND (STOMP 1.2, "Body"). A CONNECT is judged by the version that it will get, before the session has one.
    fn may_have_body(&self, session: Option<Version>) -> bool {
        let version = session.or_else(|| Version::negotiate(self.headers.get("accept-version")));
        self.command == ClientCommand::Send || version == Some(Version::V10)
    }
}

fn without_carriage_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Spaces are part of names and values in every version, as in the brokers that today's clients know.
fn parse_header(line: &[u8], version: Option<Version>) -> Result<(String, String), DecodeError> {
    if version == Some(Version::V12) && line.contains(&b'\r') {
        return Err(DecodeError::CarriageReturn);
    }
    let line = str::from_utf8(line).map_err(|_| DecodeError::InvalidUtf8)?;
    let (name, value) = line
        .split_once(':')
        .filter(|(name, _)| !name.is_empty())
        .ok_or(DecodeError::MalformedHeader)?;
    let version = version.unwrap_or(Version::V10);
    let name = unescape(version, name)?.into_owned();
    let value = unescape(version, value)?.into_owned();
    Ok((name, value))
}

fn check_length(name: &str, value: &str, limits: &Limits) -> Result<(), DecodeError> {
    let (limit, error) = match name {
        "destination" => (limits.destination, DecodeError::DestinationTooLong),
        "id" => (limits.id, DecodeError::IdTooLong),
        "receipt" => (limits.receipt, DecodeError::ReceiptTooLong),
        _ => return Ok(()),
    };
    if value.len() > limit {
        Err(error)
    } else {
        Ok(())
    }
}

fn parse_count(value: &str) -> Result<usize, DecodeError> {
    // `parse` alone would take a leading plus.
    if !value.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(DecodeError::InvalidContentLength);
    }
    value.parse().map_err(|_| DecodeError::InvalidContentLength)
}
