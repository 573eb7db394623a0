//! The port: where accounts are kept.
//!
//! Usernames and mail addresses are kept as typed and compared in their canonical forms (spelling, decision 37). Older
//! accounts may share one: those are found by their exact names alone, in any case. A phone number belongs to one account
//! at most. Every method is one whole transaction.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod moved;
mod postgres;
mod row;
mod sql;
mod sqlite;
mod statements;

use std::{borrow::Cow, sync::Arc};

use async_trait::async_trait;
use colloquy_chassis::{Failure, Kind};
use colloquy_contracts::{CustomerId, SessionNumber, Timestamp};
use colloquy_credentials::identity::SessionId;
use colloquy_rate_limit::RateLimitStore;
use colloquy_service_api::session_ending::{EndSessions, ResetByMail};
use colloquy_sql::{StoreError, sweeping::KeptReadings};

pub use self::{sql::SqlCustomerStore, sqlite::number_above};
use crate::{
    domain::{Email, NameSearch, PhoneSearch},
    password::PasswordHash,
};

/// The version of what stores derive from what was typed: folded names and keys. A change of
/// [`fold`](crate::domain::fold()) or of `colloquy_text` raises it, and the next start derives every row anew.
pub(crate) const DERIVED_VERSION: i64 = 2;

/// No search finds more accounts.
pub const MAX_HITS: i64 = 50;

/// An account that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCustomer {
    /// The username, as typed.
    pub username: String,
    /// The hash of the password.
    pub password: PasswordHash,
    /// The full name that others see.
    pub full_name: String,
    /// The mail address, as typed.
    pub email: String,
    /// The phone number, if there is one.
    pub phone_number: Option<String>,
    /// The colour behind the initials, `#RRGGBB`.
    pub avatar_color: String,
    /// The roles in the customer's tokens.
    pub roles: Vec<String>,
}

/// An account, without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// The id, never another account's.
    pub customer_id: CustomerId,
    /// The username, as typed.
    pub username: String,
    /// The full name that others see.
    pub full_name: String,
    /// The mail address, as typed.
    pub email: String,
    /// The phone number, if there is one.
    pub phone_number: Option<String>,
    /// The colour behind the initials, `#RRGGBB`.
    pub avatar_color: String,
    /// The roles in the customer's tokens.
    pub roles: Vec<String>,
    /// The number of the password, greater after each change of it: sessions with a smaller one have ended.
    pub session_number: SessionNumber,
}

impl Customer {
    /// Words that others may know, and of which no password should be made.
    pub(crate) fn words(&self) -> [&str; 3] {
        [&self.username, &self.full_name, &self.email]
    }
}

/// What customers can change of their own accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The full name that others see.
    pub full_name: String,
    /// The mail address, as typed.
    pub email: String,
    /// The phone number, if there is one.
    pub phone_number: Option<String>,
    /// The colour behind the initials, `#RRGGBB`.
    pub avatar_color: String,
}

/// Which value of an account is another's already; the first of these in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The username, in its canonical form.
    Username,
    /// A username that looks like another one.
    Reading,
    /// The mail address, in its canonical form.
    Email,
    /// The phone number.
    PhoneNumber,
}

/// Why an account was not made or not changed.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Something that must be unique is not.
    #[error("{0:?} is taken")]
    Taken(Taken),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Failure for SaveError {
    fn kind(&self) -> Kind {
        match self {
            Self::Taken(_) => Kind::Invalid,
            Self::Store(error) => error.kind(),
        }
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Taken(Taken::Username) => "This username is taken.".into(),
            Self::Taken(Taken::Reading) => "This username looks like one that is taken.".into(),
            Self::Taken(Taken::Email) => "This mail address is taken.".into(),
            Self::Taken(Taken::PhoneNumber) => "This phone number is taken.".into(),
            Self::Store(error) => error.message(),
        }
    }
}

/// A new password, and with it the end of the customer's sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordChange {
    /// Whose password changes.
    pub customer_id: CustomerId,
    /// The hash that has to be there still; without one whatever is there is replaced.
    pub verified: Option<PasswordHash>,
    /// The hash of the new password.
    pub new: PasswordHash,
    /// The session that does not end.
    pub except: Option<SessionId>,
    /// The reset by mail, if the password changes so.
    pub reset: Option<ResetByMail>,
}

/// One note that sessions have yet to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndingId(pub i64);

/// An ending that was noted so long ago, in milliseconds, is left over: its request did not deliver it.
pub const ENDING_DUE_MILLIS: i64 = 5_000;
/// The most endings in one answer.
pub const ENDINGS: i64 = 100;

const ANY_ACCOUNT: &str = "SELECT EXISTS (SELECT 1 FROM customers)";

/// The table of the limits that are kept beside the accounts.
const LIMITS: &str = "customer_rate_limits";

/// Where accounts are kept, and what of theirs has to outlast a restart.
#[async_trait]
pub trait CustomerStore: Send + Sync + 'static {
    /// Whether there is no account yet.
    ///
    /// # Errors
    /// The store could not tell.
    async fn is_empty(&self) -> Result<bool, StoreError>;

    /// Makes these accounts with the ids 1, 2, 3 … if, and only if, there is no account at all; all or none. Accounts
    /// made later get higher ids. Of several instances that seed at once, one does.
    ///
    /// # Errors
    /// The store could not do it; nothing was made.
    async fn seed(&self, customers: &[NewCustomer]) -> Result<bool, StoreError>;

    /// Makes an account.
    ///
    /// # Errors
    /// Something is taken, or the store could not do it; nothing was made.
    async fn insert(&self, customer: &NewCustomer) -> Result<Customer, SaveError>;

    /// Changes an account; nothing if there is none.
    ///
    /// # Errors
    /// Something is another account's, or the store could not do it; nothing was changed.
    async fn update(
        &self,
        id: CustomerId,
        profile: &Profile,
    ) -> Result<Option<Customer>, SaveError>;

    /// The account with this username and its password's hash: the one that is called exactly so in some case, or else
    /// the only one whose canonical form it is.
    ///
    /// # Errors
    /// The store could not tell.
    async fn by_username(
        &self,
        username: &str,
    ) -> Result<Option<(Customer, PasswordHash)>, StoreError>;

    /// The account with this mail address, compared as usernames are.
    ///
    /// # Errors
    /// The store could not tell.
    async fn by_email(&self, email: &Email) -> Result<Option<Customer>, StoreError>;

    /// The account with this id, and its password's hash.
    ///
    /// # Errors
    /// The store could not tell.
    async fn with_password(
        &self,
        id: CustomerId,
    ) -> Result<Option<(Customer, PasswordHash)>, StoreError>;

    /// Those of these accounts that exist, each once, in the order of their ids.
    ///
    /// # Errors
    /// The store could not tell.
    async fn by_ids(&self, ids: &[CustomerId]) -> Result<Vec<Customer>, StoreError>;

    /// Those whose folded full name contains this, by folded name, then by id; the first [`MAX_HITS`] of them.
    ///
    /// # Errors
    /// The store could not tell.
    async fn search_names(&self, search: &NameSearch) -> Result<Vec<Customer>, StoreError>;

    /// Those whose phone number is searched for as strangers' are, and of `acquaintances` those whose number is searched
    /// for as theirs are; ordered and limited as names are.
    ///
    /// # Errors
    /// The store could not tell.
    async fn search_phone_numbers(
        &self,
        search: &PhoneSearch,
        acquaintances: &[CustomerId],
    ) -> Result<Vec<Customer>, StoreError>;

    /// Replaces a password, raises its number and notes, in the same step, that the sessions with smaller numbers have
    /// yet to be ended (revocation, decision 23), whether it is a reset by mail, and that it is `now`. `None`, and
    /// nothing done, if the verified hash is not there any more: of many that verified the same one, one replaces it. A
    /// reset by mail lifts the wait after wrong current passwords, too (guess limits, decision 30).
    ///
    /// # Errors
    /// The store could not do it.
    async fn replace_password(
        &self,
        change: &PasswordChange,
        now: Timestamp,
    ) -> Result<Option<(EndingId, EndSessions)>, StoreError>;

    /// Keeps the same password under a better hash, unless the verified hash is not there any more; says whether it did.
    ///
    /// # Errors
    /// The store could not do it.
    async fn upgrade_hash(
        &self,
        id: CustomerId,
        verified: &PasswordHash,
        better: &PasswordHash,
    ) -> Result<bool, StoreError>;

    /// Endings that are left over: noted [`ENDING_DUE_MILLIS`] ago or earlier, or later than now because a clock was
    /// set back. The oldest [`ENDINGS`] of them. However late it is read, an ending is of the sessions that began with
    /// an earlier password.
    ///
    /// # Errors
    /// The store could not tell.
    async fn endings_due(&self, now: Timestamp)
    -> Result<Vec<(EndingId, EndSessions)>, StoreError>;

    /// Forgets an ending: the sessions have ended.
    ///
    /// # Errors
    /// The store could not do it.
    async fn forget_ending(&self, id: EndingId) -> Result<(), StoreError>;

    /// The rate limits that are kept beside the accounts.
    fn rate_limits(&self) -> Arc<dyn RateLimitStore>;

    /// The readings of the clock that are kept beside the accounts.
    fn readings(&self) -> Arc<dyn KeptReadings>;
}
