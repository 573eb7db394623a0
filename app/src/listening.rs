//! Where a process listens, and by which names it is known there.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context as _, bail};
use colloquy_chassis::origins::Origins;
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
            let second = bind((Ipv6Addr::LOCALHOST, port).into()).await.ok();
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

    /// Whether only this machine can reach us.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// The hosts we answer to (decision 25); empty, that is any, beyond loopback without a public URL.
    pub fn hosts(&self, http: &Http) -> Vec<String> {
        let public = authority(&http.public_url).map(str::to_owned);
        let own = self
            .is_loopback
            .then(|| loopback_names(self.port))
            .into_iter()
            .flatten();
        own.chain(public).collect()
    }

    /// The origins whose pages may call: our own, the settings', and on loopback the seed's page.
    pub fn origins(&self, http: &Http) -> Origins {
        let own = self
            .hosts(http)
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

fn loopback_names(port: u16) -> impl Iterator<Item = String> {
    ["localhost", "127.0.0.1", "[::1]"]
        .into_iter()
        .map(move |host| format!("{host}:{port}"))
}

/// Binds one address; a port that is taken is the usual trouble, so it is said in one line.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}
