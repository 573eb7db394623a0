//! The path of a request through the gateway.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    middleware,
    response::{IntoResponse, Response},
};
use colloquy_chassis::{
    ApiError, Kind, ServiceName,
    identity::{Caller, Identity},
    origins::Origins,
    router::BODY_LIMIT,
    session_token::{CLEARED_COOKIE, Session, SessionVerifier, token_cookie},
};
use colloquy_contracts::envelope::AuthAnswer;
use colloquy_service_api::RevocationList;
use http::{HeaderMap, HeaderValue, Uri, header};

use crate::{
    admission::admit,
    forward,
    route_path::{self, RoutePath},
    upstream::{Crossing, Upstream},
};

/// A service that has not answered by then is unavailable (promise P6: never a hang over 5 s).
const ANSWER_TIMEOUT: Duration = Duration::from_millis(4800);
/// A client has this long to send its body (reliability.md S20).
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Ends the session of whoever calls, and is 200 for those who have none.
const LOGOUT: &str = "/auth/logout";

/// The gateway: who may call, and where the services are.
pub struct Gateway {
    verifier: SessionVerifier,
    revocations: RevocationList,
    upstreams: HashMap<ServiceName, Arc<dyn Upstream>>,
}

impl Gateway {
    /// A gateway to these services; a service that is not among them is 404.
    pub fn new(
        verifier: SessionVerifier,
        revocations: RevocationList,
        upstreams: impl IntoIterator<Item = (ServiceName, Arc<dyn Upstream>)>,
    ) -> Arc<Self> {
        Arc::new(Self {
            verifier,
            revocations,
            upstreams: upstreams.into_iter().collect(),
        })
    }

    async fn pass(&self, request: Request) -> Result<Response, ApiError> {
        let path = request.uri().path().to_owned();
        let RoutePath { service, rest } = route_path::read(&path)?;
        let caller = self.caller(&path, request.headers())?;
        let upstream = self
            .upstreams
            .get(&service)
            .ok_or_else(|| ApiError::new(Kind::NotFound, "Nothing is served here."))?;
        let crossing = cross(rest, request).await?;
        let identity = Identity {
            service: ServiceName::ApiGateway,
            caller,
        };
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, upstream.call(crossing, identity)).await;
        let answer = answer.map_err(|_| {
            ApiError::new(
                Kind::Unavailable,
                "Temporarily unavailable. Please try again.",
            )
        })??;
        let (mut parts, body) = answer.into_parts();
        parts.headers = forward::outwards(&parts.headers);
        Ok(Response::from_parts(parts, body))
    }

    /// Nobody on public paths but logout; elsewhere somebody, or 401; or 503 if nobody knows who is logged out.
    fn caller(&self, path: &str, headers: &HeaderMap) -> Result<Option<Caller>, ApiError> {
        if path == LOGOUT {
            return Ok(self.whose_logout(headers));
        }
        if route_path::is_public(path) {
            return Ok(None);
        }
        match self.session(headers) {
            Some(session) if !self.revocations.is_revoked(&session)? => Ok(Some(session.caller)),
            _ => Err(ApiError::new(Kind::Unauthenticated, "Please log in.")),
        }
    }

    /// Whose session is to end: not one that has ended, but one of which nobody knows.
    fn whose_logout(&self, headers: &HeaderMap) -> Option<Caller> {
        let session = self.session(headers)?;
        let has_ended = self.revocations.is_revoked(&session).unwrap_or(false);
        (!has_ended).then_some(session.caller)
    }

    fn session(&self, headers: &HeaderMap) -> Option<Session> {
        self.verifier.verify(token_cookie(headers)?)
    }
}

/// Everything under the four prefixes, and 404 for whatever no other route answers. Wrap it when all routes are merged.
pub fn router(gateway: Arc<Gateway>, origins: Origins) -> Router {
    Router::new()
        .fallback(handle)
        .with_state(gateway)
        .layer(middleware::from_fn_with_state(origins, admit))
}

async fn handle(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let cookie_was_sent = token_cookie(request.headers()).is_some();
    let to_auth = request.uri().path().starts_with("/auth/");
    let logout = request.uri().path() == LOGOUT;
    match gateway.pass(request).await {
        Ok(response) => response,
        Err(error) => {
            let clear = logout || (error.kind() == Kind::Unauthenticated && cookie_was_sent);
            refusal(error, to_auth, clear)
        }
    }
}

/// The two `/auth/*` answers have a shape of their own, errors included. A cookie that was not believed is cleared, and
/// whatever stands in the way of a logout.
fn refusal(error: ApiError, to_auth: bool, clear: bool) -> Response {
    let details = error.message().to_owned();
    let mut response = error.into_response();
    if to_auth {
        let body = AuthAnswer {
            message: "Request failed".to_owned(),
            details,
        };
        let (parts, _) = response.into_parts();
        response = (
            parts.status,
            parts.headers,
            Body::from(serde_json::to_vec(&body).unwrap_or_default()),
        )
            .into_response();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
    }
    if clear {
        response
            .headers_mut()
            .append(header::SET_COOKIE, HeaderValue::from_static(CLEARED_COOKIE));
    }
    response
}

/// The request as the service sees it: its own path, allowed headers, the whole body.
async fn cross(rest: &str, request: Request) -> Result<Crossing, ApiError> {
    let (parts, body) = request.into_parts();
    let body = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, BODY_LIMIT))
        .await
        .map_err(|_| ApiError::new(Kind::Invalid, "The body took too long."))?
        .map_err(|error| match is_too_large(&error) {
            true => ApiError::new(Kind::TooLarge, "The body is too large."),
            false => ApiError::new(Kind::Invalid, "The body could not be read."),
        })?;
    let path = parts
        .uri
        .query()
        .map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}"));
    let uri: Uri = path
        .parse()
        .map_err(|_| ApiError::new(Kind::Invalid, "The path is not written plainly."))?;
    let mut crossing = Crossing::new(body);
    *crossing.method_mut() = parts.method;
    *crossing.uri_mut() = uri;
    *crossing.headers_mut() = forward::inwards(&parts.headers);
    Ok(crossing)
}

fn is_too_large(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
}
