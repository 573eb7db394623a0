//! The service itself, as the routes and, in one process, the other services call it.

use std::sync::Arc;

use colloquy_chassis::{ApiError, Clock, Kind, Tasks};
use colloquy_contracts::CustomerId;
use colloquy_credentials::identity::Caller;
use colloquy_expiring_store::ExpiringStore;
use colloquy_rate_limit::{Decision, Permit, RateLimit, RateLimitStore, wait_seconds};
use colloquy_service_api::{Mailer, OneTimeCodes, RoomsOfCustomer, SessionEnding};

use crate::{
    Credentials, CustomerStore, HashingPool, ResetTicket,
    customer_store::Customer,
    domain::{PasswordRule, SearchLimits},
    passwords::{
        code_mails::{CodeMailer, CodeMails},
        confirmations::Confirmations,
        requester::Requesters,
        session_revocations,
    },
    sweep,
};

/// The role of every customer so far.
pub(crate) const ROLE_USER: &str = "ROLE_USER";

/// Rules and limits that an operator sets.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Which passwords are accepted.
    pub passwords: PasswordRule,
    /// Whether the cookie with the reset ticket is sent over TLS only.
    pub secure_cookie: bool,
    /// Whether a password can be reset without the ticket, by the client that confirmed (decision 28).
    pub reset_without_ticket: bool,
    /// Codes that one client address may ask for in an hour.
    pub code_requests_per_hour: u32,
    /// Codes that one client address may try in an hour.
    pub confirms_per_hour: u32,
    /// Accounts that one client address may make, or try to make, in an hour.
    pub sign_ups_per_hour: u32,
    /// Searches that one caller may make in a minute.
    pub searches_per_minute: u32,
    /// Searches for phone numbers that one caller may make in a day.
    pub phone_searches_per_day: u32,
}

/// The services and stores that customer management stands on.
pub struct Dependencies {
    /// Makes and checks one-time codes.
    pub codes: Arc<dyn OneTimeCodes>,
    /// Sends the mails with codes.
    pub mailer: Arc<dyn Mailer>,
    /// Ends sessions when a password changes.
    pub sessions: Arc<dyn SessionEnding>,
    /// Keeps confirmations, and the cookies of requesters.
    pub confirmations: Arc<dyn ExpiringStore>,
    /// Knows who shares a room with whom.
    pub rooms: Arc<dyn RoomsOfCustomer>,
    /// Makes reset tickets: [`ResetTicket::random`].
    pub new_ticket: fn() -> ResetTicket,
}

/// Customer management. In process it answers as [`colloquy_service_api::CustomerDirectory`]; over HTTP through
/// [`crate::router`].
pub struct Customers {
    pub(crate) store: Arc<dyn CustomerStore>,
    pub(crate) limits: Arc<dyn RateLimitStore>,
    pub(crate) hashing: HashingPool,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) sessions: Arc<dyn SessionEnding>,
    pub(crate) codes: Arc<dyn OneTimeCodes>,
    pub(crate) code_mails: CodeMails,
    pub(crate) confirmations: Confirmations,
    pub(crate) requesters: Requesters,
    pub(crate) rooms: Arc<dyn RoomsOfCustomer>,
    pub(crate) new_ticket: fn() -> ResetTicket,
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
    searches: SearchLimits,
}

impl Customers {
    /// The service on the store of these credentials, with the tasks that mail codes, end sessions that have yet to be
    /// ended, and sweep.
    #[must_use]
    pub fn start(
        credentials: Arc<Credentials>,
        dependencies: Dependencies,
        settings: Settings,
        clock: Arc<dyn Clock>,
        tasks: &Tasks,
    ) -> Arc<Self> {
        let store = Arc::clone(&credentials.store);
        let limits = store.rate_limits();
        let (swept, readings) = (Arc::clone(&limits), store.readings());
        sweep::start(swept, readings, Arc::clone(&clock), tasks);
        session_revocations::start(
            Arc::clone(&store),
            Arc::clone(&dependencies.sessions),
            Arc::clone(&clock),
            tasks,
        );
        let code_mails = CodeMails::start(CodeMailer {
            store: Arc::clone(&store),
            limits: Arc::clone(&limits),
            codes: Arc::clone(&dependencies.codes),
            mailer: dependencies.mailer,
            clock: Arc::clone(&clock),
            stop: tasks.clone(),
        });
        Arc::new(Self {
            store,
            limits,
            hashing: credentials.hashing.clone(),
            credentials,
            sessions: dependencies.sessions,
            codes: dependencies.codes,
            code_mails,
            requesters: Requesters::new(Arc::clone(&dependencies.confirmations)),
            confirmations: Confirmations::new(dependencies.confirmations),
            rooms: dependencies.rooms,
            new_ticket: dependencies.new_ticket,
            settings,
            clock,
            searches: SearchLimits::new(settings.searches_per_minute),
        })
    }

    /// The account with this id, or 404.
    pub(crate) async fn existing(&self, id: CustomerId) -> Result<Customer, ApiError> {
        let found = self.store.by_ids(&[id]).await?.pop();
        found.ok_or_else(no_such_customer)
    }

    /// Takes one of the caller's searches; 429 and how long to wait if there is none.
    pub(crate) fn take_search(&self, caller: &Caller) -> Result<(), ApiError> {
        let searched = self
            .searches
            .try_acquire(caller.customer_id, self.clock.now());
        searched.map_err(|seconds| {
            let message = "Too many searches. Please wait a few seconds.";
            ApiError::new(Kind::TooManyRequests, message).with_retry_after(seconds)
        })
    }

    /// Acquires one use of a limit; 429 and how long to wait if there is none.
    pub(crate) async fn try_acquire(&self, limit: RateLimit) -> Result<Permit, ApiError> {
        let now = self.clock.now();
        let until = match self.limits.try_acquire(&[limit], now).await? {
            Decision::Acquired(permit) => return Ok(permit),
            Decision::Refused(until) => until,
            Decision::Undecided => now,
        };
        let message = "Too many tries. Please wait a while.";
        let refused = ApiError::new(Kind::TooManyRequests, message);
        Err(refused.with_retry_after(wait_seconds(until, now)))
    }
}

pub(crate) fn no_such_customer() -> ApiError {
    ApiError::new(Kind::NotFound, "There is no such customer.")
}
