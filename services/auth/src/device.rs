//! The cookie of a device on which a login to an account succeeded, so that an attacker who guesses elsewhere cannot lock
//! its owner out (decision 30). It opens nothing: it is a token of another type and audience than a session's.

use colloquy_contracts::Timestamp;
use colloquy_credentials::{cookies::cookies, session_token::ISSUER, token_keys::Purpose};
use colloquy_rate_limit::Digest;
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::Auth;

const LOGIN_DEVICE: &str = "login_device";

/// A device that is known.
pub(crate) struct Device {
    /// The device's random id; it stays the same from login to login.
    pub(crate) id: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
    /// A random id.
    device: String,
    /// The digest of the account's name.
    account: String,
}

impl Auth {
    /// The device that a request comes from, if a login to that account succeeded on it.
    pub(crate) fn device(&self, headers: &HeaderMap, account: &Digest) -> Option<Device> {
        cookies(headers, LOGIN_DEVICE).find_map(|token| {
            let token = str::from_utf8(token).ok()?;
            let claims: Claims = self.keys.claims(token, Purpose::Device)?;
            (claims.account == account.as_str()).then_some(Device { id: claims.device })
        })
    }

    /// The cookie of a device on which a login to that account has just succeeded; a known one keeps its id.
    pub(crate) fn device_cookie(
        &self,
        device: Option<Device>,
        account: &Digest,
        now: Timestamp,
    ) -> jsonwebtoken::errors::Result<HeaderValue> {
        let known_for = self.settings.logins.known_for.as_secs();
        let known_for = i64::try_from(known_for)
            .unwrap_or(i64::MAX)
            .min(Purpose::Device.lifetime_seconds());
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: Purpose::Device.audience().to_owned(),
            iat: now.seconds(),
            exp: now.seconds() + known_for,
            device: device.map_or_else(|| self.signer.next_id().to_string(), |device| device.id),
            account: account.to_string(),
        };
        let token = self.signer.sign(Purpose::Device, &claims)?;
        let secure = self.settings.secure();
        let cookie = format!(
            "{LOGIN_DEVICE}={token}; HttpOnly; Path=/auth/login; Max-Age={known_for}; SameSite=Lax{secure}"
        );
        Ok(HeaderValue::try_from(cookie).expect("a JWT is visible ASCII"))
    }
}
