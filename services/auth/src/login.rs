//! `POST /login`: a username and a password become a session cookie.

use std::{
    borrow::Cow,
    sync::{Arc, atomic::Ordering},
};

use axum::{extract::State, response::Response};
use colloquy_chassis::{ApiError, ClientAddress, Failure, Kind, extract::Body};
use colloquy_contracts::{envelope::AuthAnswer, openapi::BadAuthBody};
use colloquy_credentials::session_token::{JWT_TOKEN, LIFETIME_SECONDS};
use colloquy_service_api::{CallError, credential_check::Credential};
use colloquy_sql::StoreError;
use http::{HeaderMap, HeaderValue};

use crate::{
    Auth, Settings,
    answers::{Refused, done},
    login_attempts::account_of,
};

/// Why a client was not logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No such user, or another password: the answer does not say which (S05).
    #[error("wrong username or password")]
    WrongCredential,
    /// Too many attempts failed: the answer does not say whether this one was right.
    #[error("too many failed logins")]
    TooManyAttempts {
        /// How long to wait, in seconds.
        retry_after: u32,
    },
    /// The attempt could not be counted.
    #[error(transparent)]
    Uncounted(#[from] StoreError),
    /// The credential could not be checked.
    #[error(transparent)]
    Unchecked(#[from] CallError),
    /// The token could not be signed.
    #[error("the session token could not be signed")]
    Unsigned(#[from] jsonwebtoken::errors::Error),
}

impl Failure for LoginError {
    fn kind(&self) -> Kind {
        match self {
            Self::WrongCredential => Kind::Unauthenticated,
            Self::TooManyAttempts { .. } => Kind::TooManyRequests,
            Self::Uncounted(error) => error.kind(),
            Self::Unchecked(error) => error.kind(),
            Self::Unsigned(_) => Kind::Internal,
        }
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::WrongCredential => Cow::Borrowed("The username or the password is wrong."),
            Self::TooManyAttempts { .. } => {
                Cow::Borrowed("Too many failed attempts. Please try again later.")
            }
            Self::Uncounted(error) => error.message(),
            Self::Unchecked(error) => error.message(),
            Self::Unsigned(_) => Cow::Borrowed(self.kind().message()),
        }
    }
}

impl From<LoginError> for Refused {
    fn from(error: LoginError) -> Self {
        let retry_after = match error {
            LoginError::TooManyAttempts { retry_after } => Some(retry_after),
            _ => None,
        };
        let error = ApiError::from(error);
        let error = match retry_after {
            Some(seconds) => error.with_retry_after(seconds),
            None => error,
        };
        Self(FAILED, error)
    }
}

pub(crate) const FAILED: &str = "Login failed";

/// Log in
#[utoipa::path(
    post,
    path = "/login",
    operation_id = "login",
    request_body = Credential,
    responses(
        (status = 200, description = "Logged in: the session is in the cookie.", body = AuthAnswer,
            headers(("Set-Cookie" = String,
                description = "`jwt_token` for 24 hours, and a cookie by which this device is recognised."))),
        (status = 401, description = "Wrong username or password; the answer does not say which.", body = AuthAnswer),
        (status = 429, description = "Too many failed attempts. Retry-After says when to try again.", body = AuthAnswer),
        BadAuthBody,
    )
)]
pub(crate) async fn login(
    State(auth): State<Arc<Auth>>,
    address: Result<ClientAddress, ApiError>,
    headers: HeaderMap,
    body: Result<Body<Credential>, ApiError>,
) -> Result<Response, Refused> {
    let refused = |error| Refused(FAILED, error);
    let address = address.map_err(refused)?;
    let Body(credential) = body.map_err(refused)?;
    let cookies = start_session(&auth, &credential, address, &headers).await?;
    Ok(done("Login successful", "You are logged in.", cookies))
}

/// The cookie of the session, and that of the device.
async fn start_session(
    auth: &Auth,
    credential: &Credential,
    address: ClientAddress,
    headers: &HeaderMap,
) -> Result<[HeaderValue; 2], LoginError> {
    let owner = account_of(&credential.username);
    let device = auth.device(headers, &owner);
    let attempt = auth.begin_attempt(&owner, address, device.as_ref()).await?;
    let account = match auth.credentials.check(credential).await {
        Ok(Some(account)) => account,
        Ok(None) => {
            auth.login_failed(&attempt).await?;
            return Err(LoginError::WrongCredential);
        }
        Err(error) => {
            auth.not_compared(&attempt).await?;
            return Err(error.into());
        }
    };
    auth.login_succeeded(&attempt).await?;
    // If the password changes meanwhile, its number is greater than that of the one just compared: the session ends.
    let now = auth.clock.now();
    auth.latest.fetch_max(now.millis(), Ordering::SeqCst);
    let token = auth.signer.sign_session(account, now)?;
    let device_cookie = auth.device_cookie(device, &owner, now)?;
    Ok([session_cookie(&token, &auth.settings), device_cookie])
}

fn session_cookie(token: &str, settings: &Settings) -> HeaderValue {
    let secure = settings.secure();
    let cookie = format!(
        "{JWT_TOKEN}={token}; HttpOnly; Path=/; Max-Age={LIFETIME_SECONDS}; SameSite=Lax{secure}"
    );
    HeaderValue::try_from(cookie).expect("a JWT is visible ASCII")
}
