//! A hostile case: what is sent, and what must come back (stomp.md; its rows stand in the names of the cases).

/// The texts of ERROR frames, which never change (stomp.md R5).
pub mod texts {
    pub const UNKNOWN_COMMAND: &str = "unknown command";
    pub const UNFINISHED_HEADERS: &str = "headers without a blank line";
    pub const MALFORMED_HEADER: &str = "malformed header";
    pub const INVALID_UTF8: &str = "header is not utf-8";
    pub const CARRIAGE_RETURN: &str = "carriage return in a header";
    pub const UNDEFINED_ESCAPE: &str = "undefined escape sequence";
    pub const INVALID_LENGTH: &str = "invalid content-length";
    pub const BEYOND_LENGTH: &str = "body exceeds content-length";
    pub const UNEXPECTED_BODY: &str = "unexpected body";
    pub const TOO_MANY_HEADERS: &str = "too many headers";
    pub const HEADER_TOO_LONG: &str = "header too long";
    pub const FRAME_TOO_LARGE: &str = "frame too large";
    pub const DESTINATION_TOO_LONG: &str = "destination too long";
    pub const ID_TOO_LONG: &str = "id too long";
    pub const RECEIPT_TOO_LONG: &str = "receipt too long";
    pub const UNSUPPORTED_VERSION: &str = "unsupported protocol version";
    pub const INVALID_HEART_BEAT: &str = "invalid heart-beat";
    pub const UNAUTHENTICATED: &str = "authentication failed";
    pub const CONNECT_FIRST: &str = "connect first";
    pub const ALREADY_CONNECTED: &str = "already connected";
    pub const CONNECT_TOO_LATE: &str = "connect took too long";
    pub const FRAME_TOO_LATE: &str = "frame took too long";
    pub const TOO_MANY_FRAMES: &str = "too many frames";
    pub const TOO_MANY_SUBSCRIPTIONS: &str = "too many subscriptions";
    pub const MISSING_ID: &str = "missing header id";
    pub const MISSING_DESTINATION: &str = "missing header destination";
    pub const ID_IN_USE: &str = "subscription id in use";
    pub const UNKNOWN_ACK: &str = "unknown ack mode";
    pub const NO_SUCH_DESTINATION: &str = "no such destination";
    pub const NOT_A_MEMBER: &str = "not a member of this room";
    pub const TRANSACTION: &str = "transactions are not supported";
}

/// The `code` of a refused SUBSCRIBE or SEND (contract §5), if its text has one.
pub fn code_of(text: &str) -> Option<&'static str> {
    Some(match text {
        texts::CONNECT_FIRST => "not-connected",
        texts::TOO_MANY_FRAMES => "too-many-frames",
        texts::TOO_MANY_SUBSCRIPTIONS => "too-many-subscriptions",
        texts::MISSING_ID | texts::MISSING_DESTINATION => "missing-header",
        texts::ID_IN_USE => "duplicate-subscription",
        texts::UNKNOWN_ACK => "unknown-ack-mode",
        texts::NO_SUCH_DESTINATION => "unknown-destination",
        texts::NOT_A_MEMBER => "not-a-member",
        texts::TRANSACTION => "transactions-not-supported",
        _ => return None,
    })
}

/// How far the connection is when the case begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A WebSocket without a cookie, and nothing said.
    Anonymous,
    /// A WebSocket with a good cookie, and nothing said.
    Upgraded,
    /// CONNECTED in version 1.0.
    V10,
    /// CONNECTED in version 1.1.
    V11,
    /// CONNECTED in version 1.2.
    V12,
}

/// The stages of an open session, for what is the same in every version.
pub const VERSIONS: [Stage; 3] = [Stage::V10, Stage::V11, Stage::V12];

impl Stage {
    /// The version of an open session.
    pub fn version(self) -> Option<&'static str> {
        match self {
            Self::Anonymous | Self::Upgraded => None,
            Self::V10 => Some("1.0"),
            Self::V11 => Some("1.1"),
            Self::V12 => Some("1.2"),
        }
    }
}

/// A step of the attacker.
#[derive(Clone, Debug)]
pub enum Step {
    /// A WebSocket text message.
    Text(Vec<u8>),
    /// A binary one.
    Binary(Vec<u8>),
    /// A PING whose PONG is the next thing that comes: so far the server has only waited.
    Silence,
}

/// A frame that must come, as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// CONNECTED with this version, for the attacker's own customer.
    Connected(&'static str),
    /// RECEIPT with this `receipt-id`, escapes as they are on the wire.
    Receipt(String),
}

/// What must come behind the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing: the next frame is carried out, and only its answer comes.
    Open,
    /// ERROR with this text, and this `receipt-id` or none; Close 1002; nothing more.
    Error(&'static str, Option<String>),
    /// Close with this code; nothing more.
    Closed(u16),
}

/// A case. As [`Case::new`] makes it, what is sent must be ignored.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub stage: Stage,
    pub steps: Vec<Step>,
    pub answers: Vec<Answer>,
    pub end: End,
}

impl Case {
    /// Octets in one message: text if they are UTF-8, or else binary.
    pub fn new(name: impl Into<String>, stage: Stage, octets: impl Into<Vec<u8>>) -> Self {
        let case = Self {
            name: name.into(),
            stage,
            steps: Vec::new(),
            answers: Vec::new(),
            end: End::Open,
        };
        case.then(octets)
    }

    /// One more message.
    pub fn then(mut self, octets: impl Into<Vec<u8>>) -> Self {
        let octets = octets.into();
        let text = str::from_utf8(&octets).is_ok();
        self.steps.push(if text {
            Step::Text(octets)
        } else {
            Step::Binary(octets)
        });
        self
    }

    /// One more text message, whatever its octets.
    pub fn text(mut self, octets: &[u8]) -> Self {
        self.steps.push(Step::Text(octets.to_vec()));
        self
    }

    /// The octets again, each in a message of its own.
    pub fn octet_by_octet(mut self) -> Self {
        let all = self.steps.drain(..).flat_map(|step| match step {
            Step::Text(octets) | Step::Binary(octets) => octets,
            Step::Silence => Vec::new(),
        });
        self.steps = all.map(|octet| Step::Binary(vec![octet])).collect();
        self
    }

    /// The server has only waited so far.
    pub fn waits(mut self) -> Self {
        self.steps.push(Step::Silence);
        self
    }

    pub fn connected(mut self, version: &'static str) -> Self {
        self.answers.push(Answer::Connected(version));
        self
    }

    pub fn receipt(mut self, id: impl Into<String>) -> Self {
        self.answers.push(Answer::Receipt(id.into()));
        self
    }

    pub fn error(mut self, text: &'static str) -> Self {
        self.end = End::Error(text, None);
        self
    }

    pub fn error_for(mut self, text: &'static str, receipt: impl Into<String>) -> Self {
        self.end = End::Error(text, Some(receipt.into()));
        self
    }

    pub fn closed(mut self, code: u16) -> Self {
        self.end = End::Closed(code);
        self
    }
}

/// A frame of these header lines, octet by octet as said: nothing is escaped or counted.
pub fn raw(command: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut octets = format!("{command}\n").into_bytes();
    for header in headers {
        octets.extend(header.as_bytes());
        octets.push(b'\n');
    }
    octets.push(b'\n');
    octets.extend(body.as_ref());
    octets.push(0);
    octets
}

/// A SEND that is carried out whatever its body, and receipted as `r`, with these further headers.
pub fn extend(headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let usual = ["destination:/app/extendOnline", "receipt:r"];
    raw("SEND", &[&usual, headers].concat(), body)
}
