//! The addresses at which a process listens, and the names by which clients call it there.

use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use anyhow::{Context as _, bail};
use axum::Router;
use colloquy_chassis::{
    hosts::Hosts, origins::Origins, router::wrap, security_headers::strict_transport,
};
use tokio::net::TcpListener;

use crate::settings::{Http, Origin};

/// Port of the seed's page, which may call an all-in-one system on loopback (contract §5).
const SEED_PAGE_PORT: u16 = 5500;
const HTTP_PORT: u16 = 80;

/// Sockets that are bound and not yet served.
pub struct Listening {
    pub listeners: Vec<TcpListener>,
    /// The first of the addresses.
    bound: SocketAddr,
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
            let bound = first.local_addr()?;
            let second = match bind((Ipv6Addr::LOCALHOST, bound.port()).into()).await {
                Ok(second) => Some(second),
                Err(error) if is_taken(&error) => return Err(error),
                // A machine without IPv6.
                Err(_) => None,
            };
            return Ok(Self {
                listeners: [first].into_iter().chain(second).collect(),
                bound,
            });
        }
        let Ok(address) = address.parse::<SocketAddr>() else {
            bail!("--listen {address}: an address is IP:PORT or localhost:PORT");
        };
        let listener = bind(address).await?;
        let bound = listener.local_addr()?;
        Ok(Self {
            listeners: vec![listener],
            bound,
        })
    }

    /// The address to open in a browser.
    pub fn url(&self) -> String {
        format!("http://{}", self.bound)
    }

    /// Whether pages are refused because no setting names the address at which browsers find the system.
    pub fn lacks_public_url(&self, http: &Http) -> bool {
        self.bound.ip().is_unspecified() && http.public_url.is_none()
    }

    /// Whether the system is for this machine alone: on loopback, and without a public address that a proxy serves.
    pub fn is_for_this_machine(&self, http: &Http) -> bool {
        self.is_loopback() && http.public_url.is_none()
    }

    /// The hosts that are answered (decision 25): any, beyond loopback without a public URL.
    pub fn hosts(&self, http: &Http) -> Hosts {
        if self.is_for_this_machine(http) {
            return Hosts::new(self.names(http)).direct_only();
        }
        if http.public_url.is_none() {
            return Hosts::new([]);
        }
        Hosts::new(self.names(http))
    }

    /// The origins whose pages may call: the system's own, those of the settings, and on loopback the seed's page.
    pub fn origins(&self, http: &Http) -> Origins {
        let own = self
            .names(http)
            .into_iter()
            .map(|host| format!("http://{host}"));
        let seed = self.is_loopback().then(|| {
            ["localhost", "127.0.0.1"].map(|host| format!("http://{host}:{SEED_PAGE_PORT}"))
        });
        Origins::new(
            own.chain(seed.into_iter().flatten())
                .filter_map(|origin| Some(Origin::try_from(origin).ok()?.to_string()))
                .chain(http.origins()),
        )
    }
}

/// Wraps every route that clients reach in the checks and headers of the edge.
pub fn edge(hosts: Hosts, router: Router, http: &Http) -> Router {
    let router = wrap(hosts.guard(router));
    if http.secure_cookie {
        strict_transport(router)
    } else {
        router
    }
}

impl Listening {
    fn is_loopback(&self) -> bool {
        self.bound.ip().is_loopback()
    }

    /// The authorities that lead here, as clients write them in `Host`.
    fn names(&self, http: &Http) -> Vec<String> {
        let ip = match self.bound.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let mut hosts = Vec::new();
        if self.is_loopback() {
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        }
        if !self.bound.ip().is_unspecified() && !hosts.contains(&ip) {
            hosts.push(ip);
        }
        let port = self.bound.port();
        let with_port = hosts.iter().map(|host| format!("{host}:{port}"));
        let mut names: Vec<_> = with_port.collect();
        // Clients leave the port out where it is the scheme's own.
        if port == HTTP_PORT {
            names.append(&mut hosts);
        }
        names.extend(http.public_hosts());
        names
    }
}

/// Browsers may try `[::1]` first for `localhost`, and would reach the other process that listens there.
fn is_taken(error: &anyhow::Error) -> bool {
    let source = error.downcast_ref::<std::io::Error>();
    source.is_some_and(|error| error.kind() == ErrorKind::AddrInUse)
}

/// Binds one address. A port that is taken is the usual trouble, so the error is one line.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    let advice = match &bound {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            ": end what listens there, or choose another address"
        }
        _ => "",
    };
    bound.with_context(|| format!("cannot listen on {address}{advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening(address: &str) -> Listening {
        Listening {
            listeners: Vec::new(),
            bound: address.parse().unwrap(),
        }
    }

    fn names(address: &str) -> Vec<String> {
        listening(address).names(&Http::default())
    }

    #[test]
    fn decision_25_a_system_is_known_by_the_address_it_listens_on() {
        let loopback = ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"];
        assert_eq!(names("127.0.0.1:8080"), loopback);
        assert_eq!(names("127.0.0.2:8080")[..3], loopback);
        assert_eq!(names("127.0.0.2:8080")[3..], ["127.0.0.2:8080"]);
        assert_eq!(names("192.0.2.5:8080"), ["192.0.2.5:8080"]);
        assert_eq!(names("[2001:db8::5]:8080"), ["[2001:db8::5]:8080"]);
    }

    #[test]
    fn decision_25_the_schemes_own_port_may_be_left_out() {
        assert_eq!(names("192.0.2.5:80"), ["192.0.2.5:80", "192.0.2.5"]);
    }

    #[test]
    fn decision_25_an_address_that_means_all_says_nothing_about_where_browsers_find_it() {
        let everywhere = listening("0.0.0.0:8080");
        let mut http = Http::default();
        assert!(names("0.0.0.0:8080").is_empty() && everywhere.lacks_public_url(&http));
        http.public_url = Origin::try_from("https://chat.example".to_owned()).ok();
        assert_eq!(
            everywhere.names(&http),
            ["chat.example", "chat.example:443"]
        );
        assert!(!everywhere.lacks_public_url(&http));
        assert!(!listening("192.0.2.5:8080").lacks_public_url(&Http::default()));
    }
}
