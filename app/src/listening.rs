//! Where a process listens, and by which names it is known there.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context as _, bail};
use axum::Router;
use colloquy_chassis::{
    hosts::Hosts, origins::Origins, router::wrap, security_headers::strict_transport,
};
use tokio::net::TcpListener;

use crate::settings::{Http, authority};

/// Port of the seed's page, which may call an all-in-one system on loopback (contract §5).
const SEED_PAGE_PORT: u16 = 5500;

/// Sockets that are bound and not yet served.
pub struct Listening {
    pub listeners: Vec<TcpListener>,
    port: u16,
    is_loopback: bool,
}

impl Listening {
    /// Binds `ADDR:PORT`; `localhost:PORT` binds both loopback addresses, IPv6 if the machine has it.
    ///
    /// # Errors
    /// The address does not parse, or the port is taken.
    pub async fn bind(address: &str) -> anyhow::Result<Self> {
        if let Some(port) = address.strip_prefix("localhost:") {
            let port: u16 = port
                .parse()
                .with_context(|| format!("--listen {address}: not a port"))?;
            let first = bind((Ipv4Addr::LOCALHOST, port).into()).await?;
            let port = first.local_addr()?.port();
            let second = match bind((Ipv6Addr::LOCALHOST, port).into()).await {
                Ok(second) => Some(second),
                Err(error) if is_taken(&error) => return Err(error),
                // A machine without IPv6.
                Err(_) => None,
            };
            return Ok(Self {
                listeners: [first].into_iter().chain(second).collect(),
                port,
                is_loopback: true,
            });
        }
        let Ok(address) = address.parse::<SocketAddr>() else {
            bail!("--listen {address}: an address is IP:PORT or localhost:PORT");
        };
        let listener = bind(address).await?;
        let bound = listener.local_addr()?;
        Ok(Self {
            listeners: vec![listener],
            port: bound.port(),
            is_loopback: bound.ip().is_loopback(),
        })
    }

    /// The address to open in a browser.
    pub fn url(&self) -> String {
        let bound = self.listeners[0]
            .local_addr()
            .map_or_else(|_| String::new(), |address| address.to_string());
        format!("http://{bound}")
    }

    /// Whether we are meant for this machine alone: on loopback, and with no public address that a proxy serves.
    pub fn is_for_this_machine(&self, http: &Http) -> bool {
        self.is_loopback && http.public_url.is_empty()
    }

    /// The hosts we answer to (decision 25): any, beyond loopback without a public URL.
    pub fn hosts(&self, http: &Http) -> Hosts {
        let hosts = Hosts::new(self.names(http));
        if self.is_for_this_machine(http) {
            hosts.direct_only()
        } else {
            hosts
        }
    }

    /// The origins whose pages may call: our own, the settings', and on loopback the seed's page.
    pub fn origins(&self, http: &Http) -> Origins {
        let own = self
            .names(http)
            .into_iter()
            .map(|host| format!("http://{host}"));
        let public = (!http.public_url.is_empty()).then(|| http.public_url.clone());
        let seed = self.is_loopback.then(|| {
            ["localhost", "127.0.0.1"].map(|host| format!("http://{host}:{SEED_PAGE_PORT}"))
        });
        Origins::new(
            own.chain(public)
                .chain(seed.into_iter().flatten())
                .chain(http.allowed_origins.iter().cloned()),
        )
    }
}

/// What stands in front of every route that clients reach, whatever serves it.
pub fn edge(hosts: Hosts, router: Router, http: &Http) -> Router {
    let router = wrap(hosts.guard(router));
    if http.secure_cookie {
        strict_transport(router)
    } else {
        router
    }
}

impl Listening {
    fn names(&self, http: &Http) -> Vec<String> {
        let public = authority(&http.public_url).map(str::to_owned);
        let own = self
            .is_loopback
            .then(|| loopback_names(self.port))
            .into_iter()
            .flatten();
        own.chain(public).collect()
    }
}

fn loopback_names(port: u16) -> impl Iterator<Item = String> {
    ["localhost", "127.0.0.1", "[::1]"]
        .into_iter()
        .map(move |host| format!("{host}:{port}"))
}

/// Browsers may try `[::1]` first for `localhost`, and would reach whoever else listens there.
fn is_taken(error: &anyhow::Error) -> bool {
    let source = error.downcast_ref::<std::io::Error>();
    source.is_some_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
}

/// Binds one address; a port that is taken is the usual trouble, so it is said in one line.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}
