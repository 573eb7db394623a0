//! Why a session ends with an ERROR frame. The texts are short and fixed; of the client's own words nothing comes back but
//! what names the refused frame.

use bytes::Bytes;
use colloquy_chassis::{Failure, Kind};
use colloquy_service_api::{membership_check::MembershipError, revocation_list::Stale};

use crate::{
    close_reason::CloseReason,
    stomp::{ClientCommand, DecodeError, Frame, HeartBeatError, Version, encoder},
};

/// A reason to end a session.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// What came is not a frame.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// The client and the server have no version in common.
    #[error("{}", encoder::UNSUPPORTED_VERSION)]
    UnsupportedVersion,
    /// The `heart-beat` header is not two numbers.
    #[error(transparent)]
    HeartBeat(#[from] HeartBeatError),
    /// No token, or an invalid one: one text for all, so that a client does not learn which.
    #[error("authentication failed")]
    Unauthenticated,
    /// The session was logged out while it was open.
    #[error("session ended")]
    Revoked,
    /// The list of revocations is stale: the session may have been logged out.
    #[error("temporarily unavailable")]
    RevocationsUnknown,
    /// The token has expired while the session was open.
    #[error("session expired")]
    Expired,
    /// Another frame came before CONNECT.
    #[error("connect first")]
    NotConnected,
    /// CONNECT came again.
    #[error("already connected")]
    AlreadyConnected,
    /// CONNECT did not come in time.
    #[error("connect took too long")]
    ConnectTooLate,
    /// A frame was not finished in time.
    #[error("frame took too long")]
    FrameTooLate,
    /// Frames came faster than allowed.
    #[error("too many frames")]
    TooManyFrames,
    /// The customer has as many sessions on this node as allowed.
    #[error("too many sessions")]
    TooManySessions,
    /// The session has as many subscriptions as allowed.
    #[error("too many subscriptions")]
    TooManySubscriptions,
    /// The command needs this header.
    #[error("missing header {0}")]
    MissingHeader(&'static str),
    /// The id names another subscription of this session.
    #[error("subscription id in use")]
    DuplicateSubscription,
    /// There is no such `ack` mode.
    #[error("unknown ack mode")]
    UnknownAckMode,
    /// The destination is none that a client may subscribe to, or send to.
    #[error("no such destination")]
    NoSuchDestination,
    /// The customer is not in the room, or there is no such room.
    #[error("not a member of this room")]
    NotAMember,
    /// The services that know the room's members are away.
    #[error("temporarily unavailable")]
    MembershipUndecided,
    /// BEGIN, COMMIT, ABORT, or a frame that names a transaction.
    #[error("transactions are not supported")]
    Transaction,
}

impl Failure for Refusal {
    fn kind(&self) -> Kind {
        match self {
            Self::Unauthenticated | Self::Revoked | Self::Expired => Kind::Unauthenticated,
            Self::NotAMember => Kind::Forbidden,
            Self::NoSuchDestination => Kind::NotFound,
            Self::TooManyFrames | Self::TooManySessions | Self::TooManySubscriptions => {
                Kind::TooManyRequests
            }
            Self::MembershipUndecided | Self::RevocationsUnknown => Kind::Unavailable,
            _ => Kind::Invalid,
        }
    }
}

impl From<Stale> for Refusal {
    fn from(_: Stale) -> Self {
        Self::RevocationsUnknown
    }
}

impl From<MembershipError> for Refusal {
    fn from(error: MembershipError) -> Self {
        match error {
            MembershipError::NotAMember => Self::NotAMember,
            MembershipError::Undecided(cause) => {
                tracing::warn!(error = %cause, "a subscription was refused because membership is undecided");
                Self::MembershipUndecided
            }
        }
    }
}

/// What an ERROR names of the frame that is refused (stomp.md R3, S14). Nothing of one that cannot be read, or is not to
/// blame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Refused<'a> {
    receipt: Option<&'a str>,
    request: Option<RefusedRequest<'a>>,
}

/// A SUBSCRIBE, which has a subscription, or a SEND.
#[derive(Clone, Copy, Debug)]
struct RefusedRequest<'a> {
    subscription: Option<&'a str>,
    destination: Option<&'a str>,
}

impl<'a> Refused<'a> {
    /// What is named of a frame of which only the receipt that it asked for could be read, or nothing.
    #[must_use]
    pub fn unread(receipt: Option<&'a str>) -> Self {
        Self {
            receipt,
            request: None,
        }
    }

    /// What is named of a whole frame.
    #[must_use]
    pub fn frame(frame: &'a Frame, version: Version) -> Self {
        let subscription = match frame.command {
            ClientCommand::Subscribe => Some(frame.subscription_id(version)),
            ClientCommand::Send => Some(None),
            _ => None,
        };
        Self {
            receipt: (!frame.command.opens_session())
                .then(|| frame.header("receipt"))
                .flatten(),
            request: subscription.map(|subscription| RefusedRequest {
                subscription,
                destination: frame.header("destination"),
            }),
        }
    }
}

impl Refusal {
    /// The ERROR frame. Before CONNECT the version is 1.0.
    #[must_use]
    pub fn frame(&self, version: Version, refused: Refused<'_>) -> Bytes {
        let of_request = refused.request.map_or([None; 3], |request| {
            [
                request.subscription.map(|id| ("subscription", id)),
                request.destination.map(|text| ("destination", text)),
                self.code().map(|code| ("code", code)),
            ]
        });
        let receipt = refused.receipt.map(|receipt| ("receipt-id", receipt));
        match self {
            Self::UnsupportedVersion => encoder::unsupported_version(),
            _ => {
                let headers = of_request.into_iter().chain([receipt]).flatten();
                encoder::error(version, &self.to_string(), headers)
            }
        }
    }

    /// Why a SUBSCRIBE or a SEND is refused, for programs (contract §5). It never changes.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotConnected => "not-connected",
            Self::NoSuchDestination => "unknown-destination",
            Self::NotAMember => "not-a-member",
            Self::TooManySubscriptions => "too-many-subscriptions",
            Self::TooManyFrames => "too-many-frames",
            Self::DuplicateSubscription => "duplicate-subscription",
            Self::MissingHeader(_) => "missing-header",
            Self::UnknownAckMode => "unknown-ack-mode",
            Self::Transaction => "transactions-not-supported",
            Self::MembershipUndecided => "temporarily-unavailable",
            Self::Malformed(_)
            | Self::UnsupportedVersion
            | Self::HeartBeat(_)
            | Self::Unauthenticated
            | Self::Revoked
            | Self::RevocationsUnknown
            | Self::Expired
            | Self::AlreadyConnected
            | Self::ConnectTooLate
            | Self::FrameTooLate
            | Self::TooManySessions => return None,
        })
    }

    /// Why the connection closes behind the frame.
    #[must_use]
    pub fn close_reason(&self) -> CloseReason {
        match self {
            Self::Revoked | Self::Expired => CloseReason::SessionEnded,
            _ if self.kind() == Kind::Unavailable => CloseReason::Unavailable,
            _ => CloseReason::Protocol,
        }
    }
}
