//! Every route of every service's own port needs a service credential (decision 24, reliability.md S15), and its refusals
//! have the headers of every answer (contract §2, S22). The routes come from the services' own documents, so that a new
//! one cannot be missed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod services;

use std::sync::Arc;

use axum::{
    body::{Bytes, to_bytes},
    http::{HeaderMap, HeaderValue, Request, StatusCode},
};
use colloquy_api_gateway::{InProcess, Upstream as _};
use colloquy_chassis::{
    ServiceName, SystemClock,
    clock::{Clock as _, ManualClock},
    security_headers::ON_EVERY_ANSWER,
};
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_credentials::{
    identity::{Caller, Identity, SessionId},
    internal_token::{CREDENTIAL_REFUSED, CUSTOMER_ID, InternalSigner, InternalVerifier, callees},
    keys::KeyFolder,
};
use services::{Service, Services};

const REQUEST_ID: &str = "asked-1";

/// Longer ago than a token lives, its leeway included.
const LONG_AGO_MILLIS: i64 = 70_000;

#[tokio::test]
async fn s15_every_route_of_every_own_port_is_401_without_a_service_credential() {
    let services = Services::start().await;
    let keys = services.keys("keys");
    // The same names, under keys that this system does not know.
    let elsewhere = services.keys("elsewhere");
    let mut served = 0;
    for service in services.all {
        let verifier = InternalVerifier::load(&keys, service.name, Arc::new(SystemClock)).unwrap();
        let port = InProcess(verifier.protect(service.router.clone()));
        for (method, path) in routes(&service) {
            for (who, headers) in strangers(&keys, &elsewhere, service.name) {
                let answer = call(&port, method, &path, headers).await;
                let what = format!("{}: {method} {path}, {who}", service.name);
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
                assert!(answer.is_refusal(), "{what}");
                assert!(answer.has_every_header(), "{what}: {answer:?}");
            }
            let answer = call(&port, method, &path, friend(&keys, service.name)).await;
            let what = format!("{}: {method} {path} is {answer:?}", service.name);
            assert!(!answer.is_refusal(), "{what}");
            assert!(answer.has_every_header(), "{what}");
            assert!(answer.status != StatusCode::METHOD_NOT_ALLOWED, "{what}");
            assert!(!answer.body.contains("There is nothing here."), "{what}");
            served += 1;
        }
    }
    assert!(served >= 30, "only {served} routes");
}

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn is_refusal(&self) -> bool {
        self.headers.contains_key(CREDENTIAL_REFUSED)
    }

    fn has_every_header(&self) -> bool {
        let once = |name: &str, value| self.headers.get_all(name).iter().eq([value]);
        once("x-request-id", REQUEST_ID)
            && ON_EVERY_ANSWER
                .iter()
                .all(|(name, value)| once(name.as_str(), value))
    }
}

/// What the document of a service lists, with a number for each parameter.
fn routes(service: &Service) -> Vec<(&'static str, String)> {
    let mut routes = Vec::new();
    for (path, item) in &service.openapi.paths.paths {
        let segments = path
            .split('/')
            .map(|segment| match segment.starts_with('{') {
                true => "1",
                false => segment,
            });
        let path = segments.collect::<Vec<_>>().join("/");
        let methods = [
            ("GET", item.get.is_some()),
            ("POST", item.post.is_some()),
            ("PUT", item.put.is_some()),
            ("PATCH", item.patch.is_some()),
            ("DELETE", item.delete.is_some()),
        ];
        let methods = methods.into_iter().filter(|(_, is_there)| *is_there);
        routes.extend(methods.map(|(method, _)| (method, path.clone())));
    }
    assert!(!routes.is_empty(), "{} has no routes", service.name);
    routes
}

/// Everything that is no credential for this service.
fn strangers(
    keys: &KeyFolder,
    elsewhere: &KeyFolder,
    callee: ServiceName,
) -> Vec<(&'static str, HeaderMap)> {
    let caller = friend_of(callee);
    let stranger = signer(elsewhere, caller);
    let signed = |by: ServiceName, to: ServiceName| signer(keys, by).headers(to, Some(&a_caller()));
    let mut customer_alone = HeaderMap::new();
    customer_alone.insert(CUSTOMER_ID, HeaderValue::from(1));
    let mut no_token = customer_alone.clone();
    no_token.insert("authorization", HeaderValue::from_static("Bearer a.b.c"));
    let mut another_customer = signed(caller, callee);
    another_customer.insert(CUSTOMER_ID, HeaderValue::from(2));
    let another = callees(caller).iter().find(|other| **other != callee);
    let mut strangers = vec![
        ("nothing", HeaderMap::new()),
        ("a customer's id alone", customer_alone),
        ("something that is no token", no_token),
        ("a token that has expired", expired(keys, caller, callee)),
        // Otp calls no service, so no service knows its key.
        (
            "a token of a service that may not call",
            signed(ServiceName::Otp, callee),
        ),
        (
            "a token of a stranger's key",
            stranger.headers(callee, Some(&a_caller())),
        ),
        ("a customer that the token does not name", another_customer),
    ];
    if let Some(other) = another {
        strangers.push(("a token for another service", signed(caller, *other)));
    }
    strangers
}

/// The headers of a service that may call.
fn friend(keys: &KeyFolder, callee: ServiceName) -> HeaderMap {
    signer(keys, friend_of(callee)).headers(callee, Some(&a_caller()))
}

fn friend_of(callee: ServiceName) -> ServiceName {
    ServiceName::ALL
        .into_iter()
        .find(|caller| callees(*caller).contains(&callee))
        .expect("every service with a port of its own is called by another")
}

fn signer(keys: &KeyFolder, service: ServiceName) -> InternalSigner {
    InternalSigner::load(keys, service, Arc::new(SystemClock)).unwrap()
}

fn expired(keys: &KeyFolder, by: ServiceName, to: ServiceName) -> HeaderMap {
    let then = Timestamp::from_millis(SystemClock.now().millis() - LONG_AGO_MILLIS);
    let clock = Arc::new(ManualClock::at(then));
    let signer = InternalSigner::load(keys, by, clock).unwrap();
    signer.headers(to, Some(&a_caller()))
}

fn a_caller() -> Caller {
    Caller {
        customer_id: CustomerId(1),
        full_name: "Nguyễn Văn An".into(),
        session_id: SessionId::from_bits(1),
    }
}

/// Calls with these headers alone: the identity that a caller claims beside them is not believed either.
async fn call(port: &InProcess, method: &str, path: &str, headers: HeaderMap) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    *request.headers_mut().unwrap() = headers;
    let request = request
        .header("content-type", "application/json")
        .header("x-request-id", REQUEST_ID)
        .body(Bytes::from_static(b"{}"))
        .unwrap();
    let claimed = Identity {
        service: ServiceName::ApiGateway,
        caller: Some(a_caller()),
    };
    let response = port.call(request, claimed).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Service({})", self.name)
    }
}
