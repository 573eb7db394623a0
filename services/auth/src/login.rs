//! `POST /login`: a username and a password become a session cookie.

use std::{borrow::Cow, sync::Arc};

use axum::{extract::State, response::Response};
use colloquy_chassis::{
    ApiError, Failure, Kind,
    extract::Body,
    session_token::{JWT_TOKEN, LIFETIME_SECONDS},
};
use colloquy_service_api::{CallError, credential_check::Credential};
use http::HeaderValue;

use crate::{
    Auth,
    answers::{Refused, done},
};

/// Why somebody was not logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No such user, or another password: nobody is told which (S05).
    #[error("wrong username or password")]
    WrongCredential,
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
            Self::Unchecked(error) => error.kind(),
            Self::Unsigned(_) => Kind::Internal,
        }
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::WrongCredential => Cow::Borrowed("The username or the password is not right."),
            Self::Unchecked(error) => error.message(),
            Self::Unsigned(_) => Cow::Borrowed("Something went wrong on our side."),
        }
    }
}

pub(crate) const FAILED: &str = "Login failed";

pub(crate) async fn login(
    State(auth): State<Arc<Auth>>,
    body: Result<Body<Credential>, ApiError>,
) -> Result<Response, Refused> {
    let Body(credential) = body.map_err(|error| Refused(FAILED, error))?;
    let token = start_session(&auth, &credential)
        .await
        .map_err(|error| Refused(FAILED, error.into()))?;
    Ok(done(
        "Login successful",
        "You are logged in.",
        session_cookie(&token, auth.settings.secure_cookie),
    ))
}

async fn start_session(auth: &Auth, credential: &Credential) -> Result<String, LoginError> {
    // Read before the check: if the password changes meanwhile, the new session is among the earlier ones that end.
    let began = auth.clock.now();
    let account = auth
        .credentials
        .check(credential)
        .await?
        .ok_or(LoginError::WrongCredential)?;
    Ok(auth.signer.sign_session(account, began)?)
}

fn session_cookie(token: &str, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!(
        "{JWT_TOKEN}={token}; HttpOnly; Path=/; Max-Age={LIFETIME_SECONDS}; SameSite=Lax{secure}"
    );
    HeaderValue::try_from(cookie).expect("a JWT is visible ASCII")
}
