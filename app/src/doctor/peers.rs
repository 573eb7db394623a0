//! The services that are called: whether something listens at each address of the settings.

use std::time::Duration;

use colloquy_chassis::ServiceName;
use colloquy_credentials::internal_token::callees;
use tokio::{net::TcpStream, time::timeout};

use super::finding::Finding;
use crate::settings::Settings;

const PEERS: &str = "peers";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

pub async fn check(settings: &Settings, service: Option<ServiceName>) -> Vec<Finding> {
    let is_called = |callee: &ServiceName| match service {
        Some(caller) => callees(caller).contains(callee),
        None => ServiceName::ALL
            .iter()
            .any(|caller| callees(*caller).contains(callee)),
    };
    let called: Vec<_> = ServiceName::ALL.into_iter().filter(is_called).collect();
    if called.is_empty() {
        return Vec::new();
    }
    let (mut addresses, mut silent) = (0, Vec::new());
    for callee in &called {
        let instances = match settings.peers(*callee) {
            Ok(instances) => instances,
            Err(error) => {
                return vec![Finding::fail(
                    PEERS,
                    error.to_string(),
                    "list where it listens",
                )];
            }
        };
        addresses += instances.len();
        for instance in instances {
            if !listens(instance).await {
                silent.push(format!("{callee} at {instance}"));
            }
        }
    }
    let finding = if silent.is_empty() {
        let found = format!("{} services listen at {addresses} addresses", called.len());
        Finding::ok(PEERS, found)
    } else {
        Finding::warn(
            PEERS,
            format!(
                "nothing listens for {}, so calls that need it are 503",
                silent.join(", ")
            ),
            "start it, or correct [peers]",
        )
    };
    vec![finding]
}

async fn listens(instance: &str) -> bool {
    let authority = instance.trim_start_matches("http://").trim_end_matches('/');
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = if has_port {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    matches!(
        timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await,
        Ok(Ok(_))
    )
}
