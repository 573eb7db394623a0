//! What can be wrong with a frame.

/// Why octets are not a frame. The texts are fixed and echo no input, so they are fit for an ERROR frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not a command, not a client's, or not in capitals.
    #[error("unknown command")]
    UnknownCommand,
    /// A NUL before the blank line that ends the headers.
    #[error("headers without a blank line")]
    UnfinishedHeaders,
    /// A header without a colon or with nothing before it.
    #[error("malformed header")]
    MalformedHeader,
    /// A header that is not UTF-8.
    #[error("header is not utf-8")]
    InvalidUtf8,
    /// A carriage return inside a header line, which 1.2 forbids.
    #[error("carriage return in a header")]
    CarriageReturn,
    /// A backslash with something after it that this version does not know.
    #[error("undefined escape sequence")]
    UndefinedEscape,
    /// A `content-length` that is not a number of octets.
    #[error("invalid content-length")]
    InvalidContentLength,
    /// No NUL where `content-length` says that the body ends.
    #[error("body exceeds content-length")]
    BodyBeyondContentLength,
    /// A body on a frame that may not have one.
    #[error("unexpected body")]
    UnexpectedBody,
    /// More headers than allowed.
    #[error("too many headers")]
    TooManyHeaders,
    /// A header line over the limit.
    #[error("header too long")]
    HeaderTooLong,
    /// A frame over the limit.
    #[error("frame too large")]
    FrameTooLarge,
    /// A destination over the limit.
    #[error("destination too long")]
    DestinationTooLong,
    /// A subscription's id over the limit.
    #[error("id too long")]
    IdTooLong,
    /// A receipt over the limit.
    #[error("receipt too long")]
    ReceiptTooLong,
}
