//! `POST /login`: a username and a password become a session cookie.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use colloquy_chassis::{
    ApiError, Failure, Kind,
    extract::Body,
    session_token::{JWT_TOKEN, LIFETIME_SECONDS},
};
use colloquy_contracts::envelope::AuthAnswer;
use colloquy_service_api::{CallError, credential_check::Credential};
use http::{HeaderValue, header};

use crate::Auth;

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

/// A refused login in the shape of the auth answers.
pub(crate) struct Refused(pub(crate) ApiError);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let answer = AuthAnswer {
            message: "Login failed".to_owned(),
            details: self.0.message().to_owned(),
        };
        // Status, headers and the line in the log are those of every other failure; only the body differs.
        let (parts, _) = self.0.into_response().into_parts();
        (parts, Json(answer)).into_response()
    }
}

pub(crate) async fn login(
    State(auth): State<Arc<Auth>>,
    body: Result<Body<Credential>, ApiError>,
) -> Result<Response, Refused> {
    let Body(credential) = body.map_err(Refused)?;
    let token = start_session(&auth, &credential)
        .await
        .map_err(|error| Refused(error.into()))?;
    let answer = Json(AuthAnswer {
        message: "Login successful".to_owned(),
        details: "You are logged in.".to_owned(),
    });
    let cookie = [(
        header::SET_COOKIE,
        session_cookie(&token, auth.settings.secure_cookie),
    )];
    Ok((cookie, answer).into_response())
}

async fn start_session(auth: &Auth, credential: &Credential) -> Result<String, LoginError> {
    let account = auth
        .credentials
        .check(credential)
        .await?
        .ok_or(LoginError::WrongCredential)?;
    Ok(auth.signer.sign(account, auth.clock.now())?)
}

fn session_cookie(token: &str, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!(
        "{JWT_TOKEN}={token}; HttpOnly; Path=/; Max-Age={LIFETIME_SECONDS}; SameSite=Lax{secure}"
    );
    HeaderValue::try_from(cookie).expect("a JWT is visible ASCII")
}
