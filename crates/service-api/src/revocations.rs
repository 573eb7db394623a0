//! Which sessions have ended before their time? Asked by gateways and WebSocket nodes, answered by auth (decision 23).
//!
//! The answer is a log: revocations are numbered 1, 2, 3 … without gaps, and a reader that has read up to a number
//! misses nothing by asking for what comes after it. [`crate::RevocationList`] is the reader.

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, SessionNumber, Timestamp};
use colloquy_credentials::identity::SessionId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{CallError, ServiceClient};

/// Where the wire asks, as `?after=N&reader=ID`.
pub const PATH: &str = "/internal/revocations";

/// What to ask after to read from the beginning; an empty log ends at 0, so the answer comes at once.
pub const BEGINNING: i64 = -1;

/// The sessions that a revocation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Ended {
    /// One session.
    Session {
        /// The session's id.
        #[schema(value_type = String, format = "uuid")]
        session_id: SessionId,
    },
    /// Every session of the customer with a smaller number, but perhaps one.
    EarlierSessions {
        /// Sessions with this number and greater ones go on.
        before: SessionNumber,
        /// The one that goes on.
        #[schema(value_type = Option<String>, format = "uuid")]
        except: Option<SessionId>,
    },
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// Its position in the log.
    pub number: i64,
    /// The customer whose sessions ended.
    pub customer_id: CustomerId,
    /// Which of them.
    #[serde(flatten)]
    pub ended: Ended,
    /// From then on every token that it concerns has expired, and the entry is needed no more.
    pub expires_at: Timestamp,
}

/// A part of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revocations {
    /// Entries, in order. Expired ones may be missing.
    pub revocations: Vec<Revocation>,
    /// Everything up to this number was read: what to ask after the next time.
    pub up_to: i64,
    /// Whether that was the end of the log.
    pub is_end: bool,
}

/// The question on the wire.
#[derive(Clone, Debug, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Reading {
    /// The last number that the reader has taken to heart.
    pub after: i64,
    /// Who reads: another name for each reader, and for each life of it.
    pub reader: String,
}

/// The log of revocations, as its readers follow it.
#[async_trait]
pub trait RevocationFeed: Send + Sync + 'static {
    /// What follows `reading.after`: at once when there is something, or else nothing after 0.5 s. By asking, a
    /// reader says that it denies everything up to `reading.after`.
    ///
    /// # Errors
    /// The answer could not be had.
    async fn read(&self, reading: &Reading) -> Result<Revocations, CallError>;
}

#[async_trait]
impl RevocationFeed for ServiceClient {
    async fn read(&self, Reading { after, reader }: &Reading) -> Result<Revocations, CallError> {
        let path = format!("{PATH}?after={after}&reader={reader}");
        let read = self.get(&path).await?;
        // A success without data says nothing about the log, least of all that it is empty.
        read.ok_or(CallError::Unavailable(self.callee(), None))
    }
}
