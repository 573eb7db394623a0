//! `POST /internal/sessions/end` and `GET /internal/sessions/ready`: a password has changed, so the customer's sessions end
//! (revocation, decision 23). Only customer management may ask.

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, Kind, ServiceName, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, Forbidden, Nothing},
};
use colloquy_credentials::identity::ServiceCaller;
use colloquy_service_api::{
    CallError, SessionEnding,
    revocations::Ended,
    session_ending::{END_PATH, EndSessions, READY_PATH},
};
use colloquy_sql::StoreError;

use crate::Auth;

impl Auth {
    async fn end_earlier_sessions(&self, ending: &EndSessions) -> Result<(), StoreError> {
        let ended = Ended::EarlierSessions {
            before: ending.before,
            except: ending.except,
        };
        self.end_sessions(ending.customer_id, &ended).await?;
        match &ending.reset {
            Some(reset) => self.owner_returned(reset).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl SessionEnding for Auth {
    async fn end_earlier(&self, ending: &EndSessions) -> Result<(), CallError> {
        self.end_earlier_sessions(ending).await.map_err(unavailable)
    }

    async fn ready(&self) -> Result<(), CallError> {
        self.sessions.ready().await.map_err(unavailable)
    }
}

fn unavailable(error: StoreError) -> CallError {
    CallError::Unavailable(ServiceName::Auth, Some(Box::new(error)))
}

/// End the sessions of a customer whose password was changed
#[utoipa::path(
    post,
    path = END_PATH,
    operation_id = "endSessions",
    request_body = EndSessions,
    responses(
        (status = 200, description = "The sessions have ended; they are no longer accepted. After a reset by mail the account has no wait left.", body = Envelope<Nothing>),
        BadBody,
        Forbidden,
    )
)]
pub(crate) async fn end_sessions(
    State(auth): State<Arc<Auth>>,
    ServiceCaller(service): ServiceCaller,
    Body(ending): Body<EndSessions>,
) -> Result<Answer<()>, ApiError> {
    only_customer_management(service)?;
    auth.end_earlier_sessions(&ending).await?;
    Ok(Answer("Sessions ended.", ()))
}

/// Whether sessions could be ended now
#[utoipa::path(
    get,
    path = READY_PATH,
    operation_id = "readyToEndSessions",
    responses(
        (status = 200, description = "Sessions can be ended; a 503 says that they cannot.", body = Envelope<Nothing>),
        Forbidden,
    )
)]
pub(crate) async fn ready(
    State(auth): State<Arc<Auth>>,
    ServiceCaller(service): ServiceCaller,
) -> Result<Answer<()>, ApiError> {
    only_customer_management(service)?;
    auth.sessions.ready().await?;
    Ok(Answer("Sessions can be ended.", ()))
}

/// Other services may call auth, and must not end a customer's sessions.
fn only_customer_management(service: ServiceName) -> Result<(), ApiError> {
    match service {
        ServiceName::Customer => Ok(()),
        _ => Err(ApiError::new(Kind::Forbidden, "You may not do this.")),
    }
}
