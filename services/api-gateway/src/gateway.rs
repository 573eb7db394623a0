//! The path of a request through the gateway.

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    middleware,
    response::{IntoResponse, Response},
};
use colloquy_chassis::{
    ApiError, Failure, Kind, ServiceName, client_address::TrustedProxies, http_server::PeerAddr,
    origins::Origins, router::BODY_LIMIT,
};
use colloquy_contracts::envelope::AuthAnswer;
use colloquy_credentials::{
    cookies::cookies,
    identity::{Caller, Identity},
    session_token::{CLEARED_COOKIE, JWT_TOKEN},
    session_verifier::{MAX_SESSIONS, SessionVerifier},
};
use colloquy_service_api::RevocationList;
use futures_util::future::join_all;
use http::{HeaderMap, HeaderValue, Method, Uri, header};

use crate::{
    admission::admit,
    answers::{self, counted},
    forward,
    route_path::{self, RoutePath},
    upstream::{Upstream, UpstreamRequest},
};

/// A client has this long to send its body (reliability.md S20).
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// As far as nginx lets a body through (`deploy/nginx.conf`). What comes so far is read even where it is refused: an answer
/// before the end of a body can be lost with the connection that closes on it.
const READ_LIMIT: usize = 320 * 1024;

/// Ends every session that a request carries, and is 200 for one that carries none.
const LOGOUT: &str = "/auth/logout";

/// The server that received a request did not say from which address: without [`PeerAddr`] clients cannot be distinguished.
#[derive(Debug, thiserror::Error)]
#[error("a request came without the address of its connection")]
struct NoPeer;

impl Failure for NoPeer {
    fn kind(&self) -> Kind {
        Kind::Internal
    }
}

/// The gateway: who may call, and where the services are.
pub struct Gateway {
    verifier: SessionVerifier,
    revocations: RevocationList,
    proxies: TrustedProxies,
    upstreams: HashMap<ServiceName, Arc<dyn Upstream>>,
}

impl Gateway {
    /// A gateway to these services, behind these proxies; a service that is not among them is 404.
    pub fn new(
        verifier: SessionVerifier,
        revocations: RevocationList,
        proxies: TrustedProxies,
        upstreams: impl IntoIterator<Item = (ServiceName, Arc<dyn Upstream>)>,
    ) -> Arc<Self> {
        Arc::new(Self {
            verifier,
            revocations,
            proxies,
            upstreams: upstreams.into_iter().collect(),
        })
    }

    async fn pass(&self, request: Request) -> Result<Response, ApiError> {
        let path = request.uri().path().to_owned();
        let RoutePath { service, rest } = route_path::read(&path)?;
        let callers = self.callers(&path, request.headers())?;
        let upstream = self
            .upstreams
            .get(&service)
            .ok_or_else(|| ApiError::of(Kind::NotFound))?;
        let client = self.proxies.client(peer(&request)?, request.headers());
        let headers = forward::request_headers(&path, request.headers(), client);
        let upstream_request = upstream_request(rest, headers, request).await?;
        let calls = callers.into_iter().map(|caller| {
            let service = ServiceName::ApiGateway;
            upstream.call(upstream_request.clone(), Identity { service, caller })
        });
        let answers = join_all(calls).await.into_iter();
        let answers: Vec<_> = answers.collect::<Result<_, _>>()?;
        // What went wrong for one of several is what is said.
        let answer = answers.into_iter().max_by_key(Response::status);
        let answer = answer.expect("there is a caller, if only one without a session");
        let (mut parts, body) = answer.into_parts();
        parts.headers = forward::response_headers(&parts.headers);
        Ok(Response::from_parts(parts, body))
    }

    /// On whose behalf the service is called: once, for a caller without a session on public paths, elsewhere for the
    /// first session that has not ended, or it is 401, or 503 if it is not known what has ended. A logout is called for
    /// each session.
    fn callers(&self, path: &str, headers: &HeaderMap) -> Result<Vec<Option<Caller>>, ApiError> {
        if path == LOGOUT {
            return self.who_logs_out(headers);
        }
        if route_path::is_public(path) {
            return Ok(vec![None]);
        }
        for session in self.verifier.sessions(headers) {
            if !self.revocations.is_revoked(&session)? {
                return Ok(vec![Some(session.caller)]);
            }
        }
        Err(ApiError::new(Kind::Unauthenticated, "Please log in."))
    }

    /// Whose sessions are to end: none that has ended, but those of which it is not known. A request with more cookies
    /// than are looked at is 400: one of the others could be of a session that lives on.
    fn who_logs_out(&self, headers: &HeaderMap) -> Result<Vec<Option<Caller>>, ApiError> {
        if cookies(headers, JWT_TOKEN).nth(MAX_SESSIONS).is_some() {
            return Err(ApiError::new(Kind::Invalid, "Too many session cookies."));
        }
        let mut callers = Vec::new();
        for session in self.verifier.sessions(headers) {
            let has_ended = self.revocations.is_revoked(&session).unwrap_or(false);
            let caller = Some(session.caller);
            if !has_ended && !callers.contains(&caller) {
                callers.push(caller);
            }
        }
        if callers.is_empty() {
            callers.push(None);
        }
        Ok(callers)
    }
}

/// Everything under the four prefixes, and 404 for whatever no other route answers. Wrap it when all routes are merged,
/// and serve it with [`http_server`](colloquy_chassis::http_server), which says from where a request comes.
pub fn router(gateway: Arc<Gateway>, origins: Origins) -> Router {
    answers::describe();
    Router::new()
        .fallback(handle)
        .with_state(gateway)
        .layer(middleware::from_fn_with_state(origins, admit))
        .layer(middleware::from_fn(counted))
}

async fn handle(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let cookie_was_sent = cookies(request.headers(), JWT_TOKEN).next().is_some();
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

fn peer(request: &Request) -> Result<IpAddr, NoPeer> {
    let peer = request.extensions().get::<PeerAddr>().ok_or(NoPeer)?;
    Ok(peer.0.ip())
}

fn too_large() -> ApiError {
    ApiError::new(Kind::TooLarge, "The body is too large.")
}

/// The request as the service sees it: its own path, allowed headers, the whole body.
async fn upstream_request(
    rest: &str,
    headers: HeaderMap,
    request: Request,
) -> Result<UpstreamRequest, ApiError> {
    let (parts, body) = request.into_parts();
    let body = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, READ_LIMIT))
        .await
        .map_err(|_| ApiError::new(Kind::Invalid, "The body took too long."))?
        .map_err(|error| match is_too_large(&error) {
            true => too_large(),
            false => ApiError::new(Kind::Invalid, "The body could not be read."),
        })?;
    if body.len() > BODY_LIMIT {
        return Err(too_large());
    }
    if !is_json_or_nothing(&parts.method, &parts.headers, &body) {
        return Err(ApiError::new(
            Kind::UnsupportedMediaType,
            "The body must be application/json.",
        ));
    }
    let path = parts
        .uri
        .query()
        .map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}"));
    let uri: Uri = path.parse().map_err(|_| {
        ApiError::new(
            Kind::Invalid,
            "The path contains characters that are not allowed.",
        )
    })?;
    let mut upstream_request = UpstreamRequest::new(body);
    *upstream_request.method_mut() = parts.method;
    *upstream_request.uri_mut() = uri;
    *upstream_request.headers_mut() = headers;
    Ok(upstream_request)
}

/// A page of a stranger can send a form or plain text without asking; so neither changes anything, be it empty, on a
/// route that takes no body (decision 25).
fn is_json_or_nothing(method: &Method, headers: &HeaderMap, body: &Bytes) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (None, _) => body.is_empty(),
        (Some(only), None) => is_json(only) || (body.is_empty() && method.is_safe()),
        _ => false,
    }
}

fn is_json(content_type: &HeaderValue) -> bool {
    content_type
        .to_str()
        .ok()
        .and_then(|text| text.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn is_too_large(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
}
