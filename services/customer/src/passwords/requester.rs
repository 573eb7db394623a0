//! Who asks for codes and tries them (decision 38): the client that holds the cookie which a request for a code set, or
//! else the client address. A User-Agent, which every client chooses, tells no requester from another.
//!
//! ```text
//! RESET_REQUESTER:{cookie}   an hour after the last request; a cookie that is not there was not set here
//! ```

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use colloquy_chassis::ClientAddress;
use colloquy_credentials::cookies::cookies;
use colloquy_expiring_store::{ExpiringStore, ExpiringStoreError};
use colloquy_service_api::one_time_codes::Requester;
use http::{HeaderMap, HeaderValue};

use super::reset_ticket::{Fingerprint, ResetTicket, set_cookie};

const COOKIE: &str = "reset_requester";
/// Longer than the code and the confirmation of the last request live.
const KNOWN_FOR: Duration = Duration::from_secs(60 * 60);

/// Cookies of one request that are looked at: each is a question to the store.
const LOOKED_AT: usize = 16;

/// The cookies of requesters.
pub(crate) struct Requesters(Arc<dyn ExpiringStore>);

/// The cookie that a requester is known by: as random as a ticket, and good for nothing else.
#[derive(Clone, Debug)]
pub(crate) struct RequesterCookie(ResetTicket);

impl RequesterCookie {
    pub(crate) fn new(secret: ResetTicket) -> Self {
        Self(secret)
    }

    pub(crate) fn requester(&self) -> Requester {
        Requester(self.0.hash().as_str().to_owned())
    }

    pub(crate) fn header(&self, secure: bool) -> HeaderValue {
        set_cookie(COOKIE, self.0.as_str(), KNOWN_FOR.as_secs(), secure)
    }

    fn key(&self) -> String {
        format!("RESET_REQUESTER:{}", self.0.hash().as_str())
    }
}

/// The requester of a client without a cookie.
pub(crate) fn by_address(client: ClientAddress) -> Requester {
    let network = client.network().to_string();
    let fingerprint = Fingerprint::of(&[b"address", network.as_bytes()]);
    Requester(fingerprint.as_str().to_owned())
}

impl Requesters {
    pub(crate) fn new(store: Arc<dyn ExpiringStore>) -> Self {
        Self(store)
    }

    /// The requester's cookie: of several the first that was set here.
    pub(crate) async fn of(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<RequesterCookie>, ExpiringStoreError> {
        let sent = cookies(headers, COOKIE).filter_map(ResetTicket::from_cookie);
        for cookie in sent.map(RequesterCookie).take(LOOKED_AT) {
            if self.0.get(&cookie.key()).await?.is_some() {
                return Ok(Some(cookie));
            }
        }
        Ok(None)
    }

    /// Notes that a cookie is set.
    pub(crate) async fn note(&self, cookie: &RequesterCookie) -> Result<(), ExpiringStoreError> {
        self.0.put(&cookie.key(), Bytes::new(), KNOWN_FOR).await
    }
}
