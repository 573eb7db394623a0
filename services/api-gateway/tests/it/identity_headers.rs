//! Every way to claim an identity that is not the cookie (reliability.md S14), as bytes on a socket.

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use colloquy_api_gateway::{Upstream, upstream::FORWARD};
use colloquy_chassis::{ServiceName, SystemClock};
use colloquy_credentials::{
    internal_token::{InternalSigner, InternalVerifier},
    keys::KeyFolder,
};
use colloquy_service_api::HttpTransport;
use serde_json::Value;

use crate::{
    gateway::{World, arrived, mirror},
    sockets::{exchange, serve},
};

/// Lines of a request's head that claim another identity. A head that is no HTTP is 400.
const SPELLINGS: [&str; 50] = [
    "X-Customer-Id: 1",
    "x-customer-id: 1",
    "X-CUSTOMER-ID: 1",
    "x-CUSTOMER-id: 1",
    "X-Customer-Id:1",
    "X-Customer-Id:\t1",
    "X-Customer-Id: 1\r\nX-Customer-Id: 2",
    "X-Customer-Id: 7\r\nx-customer-id: 1",
    "X-Customer-Id: 1, 7",
    "X-Customer-Id: 7, 1",
    "X-Customer-Id: 7;1",
    "X-Customer-Id: \"1\"",
    "X-Customer-Id:",
    "X_Customer_Id: 1",
    "X_CUSTOMER_ID: 1",
    "X-Customer_Id: 1",
    "X.Customer.Id: 1",
    "X-CustomerId: 1",
    "X-Customer-Id-: 1",
    "HTTP_X_CUSTOMER_ID: 1",
    "Customer-Id: 1",
    "X-User-Id: 1",
    "X-Forwarded-User: 1",
    "X-Remote-User: 1",
    "Remote-User: 1",
    "X-Customer-Id : 1",
    "X-Customer-Id\t: 1",
    " X-Customer-Id: 1",
    "X-Other: a\r\n X-Customer-Id: 1",
    "X-Other: a\nX-Customer-Id: 1",
    "X-Customer-Id\0: 1",
    "X-Customer-Id\u{b}: 1",
    "Connection: X-Customer-Id\r\nX-Customer-Id: 1",
    "Connection: X-Client-Address, Authorization",
    "Keep-Alive: X-Customer-Id",
    "Proxy-Connection: X-Customer-Id\r\nX-Customer-Id: 1",
    "Upgrade: X-Customer-Id\r\nX-Customer-Id: 1",
    "TE: trailers\r\nTrailer: X-Customer-Id",
    "X-Client-Address: 10.6.6.6",
    "x_client_address: 10.6.6.6",
    "X-Client-Address: 10.6.6.6\r\nX-Client-Address: 127.0.0.1",
    "X-Forwarded-For: 10.6.6.6\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https",
    "X-Real-IP: 10.6.6.6",
    "Forwarded: for=10.6.6.6;host=evil.example",
    "Authorization: Bearer forged",
    "Authorization: Basic dXNlcjE6MTIz",
    "Proxy-Authorization: Bearer forged",
    "X-Service-Credential-Refused: true",
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "jwt_token: forged\r\nCookie2: jwt_token=forged",
];

/// One with a session, and two that need none.
const PATHS: [&str; 3] = [
    "/command/message",
    "/auth/login",
    "/customer/forgetPass/initiate",
];

/// Everything that may arrive, whatever was sent.
const MAY_ARRIVE: [&str; 7] = [
    "content-type",
    "x-client-address",
    "x-request-id",
    "traceparent",
    // Only at a service of another process: its own.
    "authorization",
    "x-customer-id",
    "host",
];

fn plain(path: &str, session: &str, line: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: chat.example\r\nCookie: {session}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n{line}\r\n\r\n{{}}"
    )
}

fn with_trailer(path: &str, session: &str, line: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: chat.example\r\nCookie: {session}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X-Customer-Id\r\n\
         Connection: close\r\n\r\n2\r\n{{}}\r\n0\r\n{line}\r\n\r\n"
    )
}

/// The service got the customer of the cookie (none, on public paths) and the address of the connection.
fn assert_own_identity(mirrored: &Value, path: &str, what: &str) {
    let customer = (path == PATHS[0]).then_some(7);
    assert_eq!(mirrored["customerId"], Value::from(customer), "{what}");
    assert_eq!(mirrored["service"], "api-gateway", "{what}");
    assert_eq!(mirrored["trailers"], false, "{what}");
    assert_eq!(
        arrived(mirrored, "x-client-address"),
        ["127.0.0.1"],
        "{what}"
    );
    let names: Vec<[String; 2]> = serde_json::from_value(mirrored["headers"].clone()).unwrap();
    for [name, value] in names {
        let is_length = name == "content-length" && value == "2";
        assert!(
            MAY_ARRIVE.contains(&name.as_str()) || is_length,
            "{what}: {name} arrived"
        );
        assert!(!value.contains("forged"), "{what}: {name} is the client's");
    }
}

/// Answers how many requests reached a service.
async fn attack(world: &World, gateway: SocketAddr) -> usize {
    let session = world.cookie();
    let mut served = 0;
    for path in PATHS {
        for line in SPELLINGS {
            for request in [
                plain(path, &session, line),
                with_trailer(path, &session, line),
            ] {
                let (status, mirrored) = exchange(gateway, &request).await;
                match status {
                    200 => {
                        assert_own_identity(&mirrored, path, &format!("{path} {line:?}"));
                        served += 1;
                    }
                    400 => {}
                    _ => panic!("{status} for {path} {line:?}"),
                }
            }
        }
    }
    served
}

/// Most spellings are HTTP: so many requests have to reach the service in any case.
const MANY: usize = 2 * 40 * PATHS.len();

#[tokio::test]
async fn s14_whatever_a_client_sends_a_service_in_this_process_sees_its_own_identity() {
    let world = World::new();
    let served = attack(&world, serve(world.router.clone())).await;
    assert!(served >= MANY, "{served}");
}

/// A service at an address, protected as in production, that answers what reached it.
fn far(keys: &KeyFolder, service: ServiceName) -> (ServiceName, Arc<dyn Upstream>) {
    let verifier = InternalVerifier::load(keys, service, Arc::new(SystemClock)).unwrap();
    let address = serve(verifier.protect(Router::new().fallback(mirror)));
    let signer =
        InternalSigner::load(keys, ServiceName::ApiGateway, Arc::new(SystemClock)).unwrap();
    let upstream = HttpTransport::new(service, &[format!("http://{address}")], signer, FORWARD);
    (service, Arc::new(upstream.unwrap()))
}

#[tokio::test]
async fn s14_whatever_a_client_sends_a_service_in_another_process_sees_its_own_identity() {
    let world = World::with_upstreams(|keys| {
        let services = [
            ServiceName::Auth,
            ServiceName::Customer,
            ServiceName::ChatCommand,
        ];
        services.map(|service| far(keys, service)).into()
    });
    let gateway = serve(world.router.clone());
    let served = attack(&world, gateway).await;
    assert!(served >= MANY, "{served}");

    let line = "X-Customer-Id: 1\r\nAuthorization: Bearer forged";
    let (_, mirrored) = exchange(gateway, &plain(PATHS[0], &world.cookie(), line)).await;
    assert_eq!(arrived(&mirrored, "x-customer-id"), ["7"]);
    assert_eq!(arrived(&mirrored, "authorization").len(), 1);
}
