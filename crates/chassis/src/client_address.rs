//! From where a client calls (decision 26): the edge finds it out and overwrites [`CLIENT_ADDRESS`]; services believe it,
//! because nobody but the gateway reaches them.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, request::Parts};
use ipnet::IpNet;

use crate::{ApiError, Kind};

/// Carries the client's address inwards. Never taken over from a client.
pub const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-client-address");

const FORWARDED_FOR: &str = "x-forwarded-for";
/// The bits of an IPv6 address that tell one client from another: whoever has one of a network's addresses has them all.
const IPV6_PREFIX: u32 = 64;

/// The client's address, as the edge found it; 401 without one, because the request came past the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .headers
            .get(&CLIENT_ADDRESS)
            .and_then(|address| address.to_str().ok()?.parse().ok())
            .map(Self)
            .ok_or_else(|| ApiError::new(Kind::Unauthenticated, "Please log in."))
    }
}

/// What one client has, for whatever is limited by address: an IPv4 address, or an IPv6 network.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let host_bits = Ipv6Addr::BITS - IPV6_PREFIX;
            Ipv6Addr::from_bits(address.to_bits() >> host_bits << host_bits).into()
        }
    }
}

/// The proxies whose `X-Forwarded-For` is believed. Cheap to clone; by default there are none.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

/// A text that is neither an address nor a network.
#[derive(Debug, thiserror::Error)]
#[error("{0} is neither an IP address nor a network such as 10.0.0.0/8")]
pub struct BadProxy(String);

impl TrustedProxies {
    /// These addresses (`10.0.0.7`) and networks (`10.0.0.0/8`).
    ///
    /// # Errors
    /// One of them is neither.
    pub fn parse(proxies: &[String]) -> Result<Self, BadProxy> {
        let parse = |text: &String| {
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            text.parse::<IpNet>()
                .or_else(|_| address())
                .map_err(|_| BadProxy(text.clone()))
        };
        Ok(Self(proxies.iter().map(parse).collect::<Result<_, _>>()?))
    }

    /// The address of the client behind a connection from `peer`: the rightmost hop that is no trusted proxy.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let hops = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .rev()
            .flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
        for hop in hops {
            if !self.trusts(client) {
                break;
            }
            // What a trusted proxy could not have written ends the chain at that proxy.
            let Ok(address) = hop.trim().parse::<IpAddr>() else {
                break;
            };
            client = address.to_canonical();
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let proxies: Vec<String> = proxies.iter().map(ToString::to_string).collect();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        TrustedProxies::parse(&proxies)
            .unwrap()
            .client(peer.parse().unwrap(), &headers)
            .to_string()
    }

    #[test]
    fn s04_the_addresses_of_one_ipv6_network_are_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }

    #[test]
    fn decision_26_by_default_nobody_is_believed() {
        assert_eq!(client(&[], "9.9.9.9", &["1.2.3.4"]), "9.9.9.9");
    }

    #[test]
    fn decision_26_the_rightmost_hop_that_is_no_trusted_proxy_is_the_client() {
        let trusted = ["10.0.0.0/8", "127.0.0.1"];
        for (peer, forwarded, expected) in [
            ("127.0.0.1", vec![], "127.0.0.1"),
            ("127.0.0.1", vec!["1.2.3.4"], "1.2.3.4"),
            ("127.0.0.1", vec!["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
            ("127.0.0.1", vec!["6.6.6.6", "1.2.3.4, 10.1.2.3"], "1.2.3.4"),
            ("::ffff:127.0.0.1", vec!["::ffff:1.2.3.4"], "1.2.3.4"),
            ("9.9.9.9", vec!["1.2.3.4"], "9.9.9.9"),
            ("127.0.0.1", vec!["1.2.3.4, nonsense"], "127.0.0.1"),
            ("127.0.0.1", vec!["10.0.0.1"], "10.0.0.1"),
        ] {
            assert_eq!(
                client(&trusted, peer, &forwarded),
                expected,
                "{peer} {forwarded:?}"
            );
        }
    }

    #[test]
    fn decision_26_what_is_no_proxy_is_named() {
        let error = TrustedProxies::parse(&["nginx".to_owned()]).unwrap_err();
        assert!(error.to_string().starts_with("nginx is neither"), "{error}");
    }
}
