//! A gateway to one honest service that answers with what reached it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::Request,
    response::Response,
};
use colloquy_api_gateway::{Gateway, InProcess, Upstream, router, upstream::UpstreamRequest};
use colloquy_chassis::{
    Clock as _, ServiceName, SystemClock, client_address::TrustedProxies, hosts::Hosts,
    http_server::PeerAddr, origins::Origins, router::wrap,
};
use colloquy_contracts::SessionNumber;
use colloquy_credentials::{
    identity::Identity,
    keys::KeyFolder,
    session_algorithm::Algorithms,
    session_token::{AUDIENCE, Claims, ISSUER},
    session_verifier::SessionVerifier,
};
use colloquy_service_api::{RevocationList, TransportError, revocations::Revocations};
use http::StatusCode;
use http_body_util::BodyExt as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt as _;

/// The session of [`World::token`].
pub const SESSION_ID: &str = "00000000-0000-4000-8000-000000000007";

pub struct World {
    pub router: Router,
    pub revocations: RevocationList,
    keys: KeyFolder,
    _folder: tempfile::TempDir,
}

/// Answers `{customerId, service, path, headers, length, trailers}` of what it was sent.
pub async fn mirror(request: Request) -> Json<Value> {
    let (parts, body) = request.into_parts();
    let identity = parts.extensions.get::<Identity>();
    let headers: Vec<[String; 2]> = parts
        .headers
        .iter()
        .map(|(name, value)| [name.to_string(), value.to_str().unwrap().to_owned()])
        .collect();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().is_some();
    Json(json!({
        "customerId": identity.and_then(|identity| identity.caller.as_ref()).map(|caller| caller.customer_id),
        "service": identity.map(|identity| identity.service.name()),
        "path": parts.uri.to_string(),
        "headers": headers,
        "length": body.to_bytes().len(),
        "trailers": trailers,
    }))
}

/// The values of a header as a service got it.
pub fn arrived(mirrored: &Value, name: &str) -> Vec<String> {
    let headers: Vec<[String; 2]> = serde_json::from_value(mirrored["headers"].clone()).unwrap();
    headers
        .into_iter()
        .filter_map(|[named, value]| (named == name).then_some(value))
        .collect()
}

/// Services by their names.
pub type Upstreams = Vec<(ServiceName, Arc<dyn Upstream>)>;

/// The one proxy that is believed.
pub const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

fn proxies() -> TrustedProxies {
    TrustedProxies::parse(&[PROXY.to_string()]).unwrap()
}

/// A service that is not there.
struct Away;

#[async_trait::async_trait]
impl Upstream for Away {
    async fn call(&self, _: UpstreamRequest, _: Identity) -> Result<Response, TransportError> {
        Err(TransportError::Unreachable("connection refused".into()))
    }
}

impl World {
    /// No session has ended, as was read in an hour: the list is fresh for all of the test.
    pub fn new() -> Self {
        Self::without_revocations().with_no_session_ended()
    }

    /// One of the services is this one.
    pub fn with(service: ServiceName, upstream: Arc<dyn Upstream>) -> Self {
        Self::with_all(|_| vec![(service, upstream)]).with_no_session_ended()
    }

    /// Some of the services are these, which may need the keys.
    pub fn with_upstreams(upstreams: impl FnOnce(&KeyFolder) -> Upstreams) -> Self {
        Self::with_all(upstreams).with_no_session_ended()
    }

    /// The list of revoked sessions was never read.
    pub fn without_revocations() -> Self {
        Self::with_all(|_| Vec::new())
    }

    /// Auth is away, and so the list was never read either.
    pub fn without_auth() -> Self {
        Self::with_all(|_| vec![(ServiceName::Auth, Arc::new(Away))])
    }

    fn with_no_session_ended(self) -> Self {
        let read = Revocations {
            is_end: true,
            ..Revocations::default()
        };
        let in_an_hour = Instant::now() + Duration::from_secs(3600);
        self.revocations.apply(&read, in_an_hour);
        self
    }

    fn with_all(others: impl FnOnce(&KeyFolder) -> Upstreams) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(folder.path());
        keys.complete("k1").unwrap();
        let verifier =
            SessionVerifier::load(&keys, &Algorithms::default(), Arc::new(SystemClock)).unwrap();
        let mirror = || Arc::new(InProcess(Router::new().fallback(mirror))) as Arc<dyn Upstream>;
        let mut upstreams: Upstreams = vec![
            (ServiceName::Auth, mirror()),
            (ServiceName::Customer, mirror()),
            (ServiceName::ChatCommand, mirror()),
            (ServiceName::ChatQuery, Arc::new(Away)),
        ];
        // A later one takes the place of an earlier one.
        upstreams.extend(others(&keys));
        let origins = Origins::new(["http://chat.example".to_owned()]);
        let hosts = Hosts::new(["chat.example".to_owned()]);
        let revocations = RevocationList::default();
        let gateway = Gateway::new(verifier, revocations.clone(), proxies(), upstreams);
        Self {
            router: wrap(hosts.guard(router(gateway, origins))),
            revocations,
            keys,
            _folder: folder,
        }
    }

    /// A token for customer 7, changed as the test wants.
    pub fn token(&self, change: impl FnOnce(&mut Claims)) -> String {
        let now = SystemClock.now().seconds();
        let mut claims = Claims {
            sub: "user7".into(),
            customer_id: "7".into(),
            full_name: "Seven".into(),
            roles: vec!["ROLE_USER".into()],
            iat: now,
            session_number: SessionNumber(1),
            exp: now + 60,
            jti: SESSION_ID.into(),
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
        };
        change(&mut claims);
        let (kid, pem) = self.keys.session_private().unwrap();
        let header = Header {
            kid: Some(kid),
            ..Header::new(Algorithm::RS256)
        };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_rsa_pem(&pem).unwrap()).unwrap()
    }

    pub fn cookie(&self) -> String {
        format!("jwt_token={}", self.token(|_| {}))
    }

    /// Sends as if over a connection from 127.0.0.1, to our own host unless the request names one.
    pub async fn send(&self, request: http::request::Builder, body: impl Into<Body>) -> Response {
        self.send_from(Ipv4Addr::LOCALHOST, request, body).await
    }

    pub async fn send_from(
        &self,
        peer: Ipv4Addr,
        request: http::request::Builder,
        body: impl Into<Body>,
    ) -> Response {
        let request = match request.headers_ref() {
            Some(headers) if headers.contains_key("host") => request,
            _ => request.header("host", "chat.example"),
        };
        let peer = PeerAddr(SocketAddr::from((peer, 40_000)));
        let request = request.extension(peer).body(body.into()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends, and answers the status and the JSON.
    pub async fn ask(&self, request: http::request::Builder) -> (StatusCode, Value) {
        read(self.send(request, Body::empty()).await).await
    }
}

/// The status and the JSON of an answer.
pub async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}
