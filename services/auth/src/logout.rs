//! `POST /logout`: the session ends everywhere, and the cookie is cleared even if that fails (revocation, decision 23).

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use colloquy_chassis::ApiError;
use colloquy_contracts::envelope::AuthAnswer;
use colloquy_credentials::{identity::Caller, session_token::CLEARED_COOKIE};
use colloquy_service_api::revocations::Ended;
use http::{HeaderValue, header};

use crate::{
    Auth,
    answers::{Refused, done},
};

pub(crate) const FAILED: &str = "Logout failed";

/// Log out
///
/// The session ends everywhere, at once. A client without a session is logged out already.
#[utoipa::path(
    post,
    path = "/logout",
    operation_id = "logout",
    responses(
        (status = 200, description = "Logged out.", body = AuthAnswer,
            headers(("Set-Cookie" = String, description = "Clears `jwt_token`."))),
        (status = 503, description = "The session could not be ended; the cookie is cleared all the same.",
            body = AuthAnswer,
            headers(("Set-Cookie" = String, description = "Clears `jwt_token`."))),
    )
)]
pub(crate) async fn logout(
    State(auth): State<Arc<Auth>>,
    caller: Result<Caller, ApiError>,
) -> Response {
    let cleared = HeaderValue::from_static(CLEARED_COOKIE);
    if let Ok(caller) = caller {
        let ended = Ended::Session {
            session_id: caller.session_id,
        };
        if let Err(error) = auth.end_sessions(caller.customer_id, &ended).await {
            let refused = Refused(FAILED, error.into());
            return ([(header::SET_COOKIE, cleared)], refused).into_response();
        }
    }
    done("Logout successful.", "You are logged out.", [cleared])
}
