//! Customer management as a process of its own, on real stores; all others whom it asks say yes.

use std::{future::ready, net::TcpListener, process::Command, sync::Arc};

use axum::{
    Router,
    http::{HeaderMap, header::CONTENT_TYPE},
    routing::any,
};
use colloquy_chassis::{
    Lifecycle, ServiceName, SystemClock, client_address::CLIENT_ADDRESS, http_server,
};
use colloquy_credentials::{internal_token::InternalSigner, keys::KeyFolder};
use colloquy_service_api::one_time_codes::VALIDATE_PATH;
use colloquy_sql::test_database::postgres_database;
use uuid::Uuid;

use super::*;

struct Service {
    address: String,
    gateway: InternalSigner,
    _folder: TempDir,
    _lifecycle: Lifecycle,
    _process: Process,
}

fn part(variable: &str) -> String {
    std::env::var(variable)
        .expect("run the tests with `cargo xtask test`, which starts the real parts")
}

/// Every service but customer management: any code is right, and whatever is asked is done.
async fn others(lifecycle: &Lifecycle) -> String {
    let say = |data: &'static str| {
        let answer = format!(r#"{{"success":true,"message":"Done.","data":{data}}}"#);
        any(move || ready(([(CONTENT_TYPE, "application/json")], answer.clone())))
    };
    let router = Router::new()
        .route(VALIDATE_PATH, say("true"))
        .fallback(say("null"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tasks = lifecycle.tasks();
    tasks.spawn(http_server::serve(listener, router, tasks.clone()));
    format!("http://{address}")
}

/// Addresses at which no process listens.
fn free_addresses<const N: usize>() -> [String; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().to_string())
}

impl Service {
    async fn start(settings: &str) -> Self {
        let (folder, lifecycle) = (tempfile::tempdir().unwrap(), Lifecycle::default());
        let keys = KeyFolder::new(folder.path().join("keys"));
        keys.complete("k1").unwrap();
        let others = others(&lifecycle).await;
        let peers = [ServiceName::Otp, ServiceName::Mail, ServiceName::Auth];
        let peers = peers.map(|peer| format!("peers.{} = [\"{others}\"]\n", peer.name()));
        let config = folder.path().join("colloquy.toml");
        let settings = format!(
            "{settings}accounts.url = \"{}\"\nexpiring_store.url = \"{}\"\nkeys.folder = \"{}\"\n{}",
            postgres_database().await,
            part("COLLOQUY_TEST_REDIS"),
            folder.path().join("keys").display(),
            peers.concat(),
        );
        std::fs::write(&config, settings).unwrap();
        let [address, admin] = free_addresses();
        let process = Command::new(env!("CARGO_BIN_EXE_colloquy"))
            .args(["serve", ServiceName::Customer.name(), "--listen", &address])
            .args(["--admin", &admin, "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let service = Self {
            address,
            gateway: InternalSigner::load(&keys, ServiceName::ApiGateway, Arc::new(SystemClock))
                .unwrap(),
            _folder: folder,
            _lifecycle: lifecycle,
            _process: Process(process),
        };
        let getting_ready = async {
            let is_ready = async || {
                // No process listens yet while it starts.
                TcpStream::connect(&admin).await.is_ok()
                    && call(&admin, "GET", "/readyz", "", "").await.0 == 200
            };
            while !is_ready().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(SOON, getting_ready).await.expect("ready in time");
        service
    }
}

impl Door for Service {
    async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let mut headers: HeaderMap = self.gateway.headers(ServiceName::Customer, None);
        headers.insert(CLIENT_ADDRESS, "203.0.113.7".parse().unwrap());
        let headers = headers.iter().map(|(name, value)| {
            let value = value.to_str().unwrap();
            format!("{name}: {value}\r\n")
        });
        let headers: String = headers.collect();
        call(&self.address, "POST", path, &headers, body).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decision_28_the_service_on_postgres_and_redis_believes_nobody_without_a_ticket() {
    for (settings, believes) in [
        ("", false),
        ("accounts.reset_without_ticket = true\n", true),
    ] {
        let service = Service::start(settings).await;
        let name = format!("u{}", &Uuid::new_v4().simple().to_string()[..16]);
        let email = format!("{name}@example.com");
        let account = format!(
            r#"{{"username":"{name}","password":"longer than eight","fullName":"An","email":"{email}"}}"#
        );
        let (status, answer) = service.post("/create/account", &account).await;
        assert_eq!(status, 200, "{answer}");
        let found = believes_without_ticket(&service, &email, "123456").await;
        assert_eq!(found, believes, "with {settings:?}");
    }
}
