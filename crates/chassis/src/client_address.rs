//! From where a client calls (decision 26): the edge finds it out and overwrites [`CLIENT_ADDRESS`]; services believe it,
//! because only the gateway reaches them.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, request::Parts};
use ipnet::IpNet;

use crate::{ApiError, Kind};

/// Carries the client's address to services. Never taken over from a client.
pub const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-client-address");

const FORWARDED_FOR: &str = "x-forwarded-for";
/// What stands for an address that is not known: in [`CLIENT_ADDRESS`], and in the names of budgets.
const UNKNOWN: &str = "unknown";
/// The bits of an IPv6 address that tell one client from another: a client that has one address of a network has them all.
const IPV6_PREFIX: u32 = 64;

/// The client's address, as the edge found it; 401 without one, because the request came past the edge.
///
/// It cannot be compared: two clients that are unknown are not one client. What has to be shared fairly is counted by
/// [`ClientAddress::network`], what an address proves is asked of [`ClientAddress::known`].
#[derive(Clone, Copy, Debug)]
pub enum ClientAddress {
    /// An address; IPv4 is never written as IPv6.
    Known(IpAddr),
    /// A trusted proxy did not say from where in a way that can be read.
    Unknown,
}

/// What has one share of whatever is limited by address: an IPv4 address, an IPv6 network, or all unknown clients together.
/// Equal ones share; that proves nothing about the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientNetwork(Option<IpAddr>);

impl ClientAddress {
    /// With whom this client shares what is limited by address.
    #[must_use]
    pub fn network(self) -> ClientNetwork {
        ClientNetwork(self.known().map(network_of))
    }

    /// The address, where it is to prove something.
    #[must_use]
    pub fn known(self) -> Option<IpAddr> {
        match self {
            Self::Known(address) => Some(address.to_canonical()),
            Self::Unknown => None,
        }
    }

    /// What [`CLIENT_ADDRESS`] holds.
    ///
    /// # Panics
    /// Never: an address is visible ASCII.
    #[must_use]
    pub fn header(self) -> HeaderValue {
        self.known()
            .map_or(HeaderValue::from_static(UNKNOWN), |address| {
                HeaderValue::try_from(address.to_string()).expect("an address is visible ASCII")
            })
    }

    /// What [`ClientAddress::header`] wrote.
    fn parse(text: &str) -> Option<Self> {
        match text {
            UNKNOWN => Some(Self::Unknown),
            text => text.parse().ok().map(Self::Known),
        }
    }
}

impl fmt::Display for ClientNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(network) => network.fmt(f),
            None => f.write_str(UNKNOWN),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .headers
            .get(&CLIENT_ADDRESS)
            .and_then(|address| Self::parse(address.to_str().ok()?))
            .ok_or_else(|| ApiError::new(Kind::Unauthenticated, "Please log in."))
    }
}

fn network_of(address: IpAddr) -> IpAddr {
    match address {
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

    /// The client behind a connection from `peer`: the rightmost hop that is no trusted proxy, or the first hop if all
    /// are. Unknown, if a trusted proxy names no hop, or one that cannot be read.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return ClientAddress::Known(peer);
        }
        let hops = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .rev()
            .flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|hop| !hop.is_empty());
        let mut client = ClientAddress::Unknown;
        for hop in hops {
            let Some(address) = read_hop(hop) else {
                return ClientAddress::Unknown;
            };
            client = ClientAddress::Known(address);
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An address as proxies write it: alone or with a port, IPv6 also in brackets, all of it also in quotes.
fn read_hop(hop: &[u8]) -> Option<IpAddr> {
    let hop = str::from_utf8(hop).ok()?;
    let hop = hop
        .strip_prefix('"')
        .and_then(|hop| hop.strip_suffix('"'))
        .unwrap_or(hop);
    let in_brackets = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address = hop.parse().ok();
    let address = address.or_else(|| in_brackets().map(IpAddr::V6));
    let address = address.or_else(|| hop.parse().ok().map(|it: SocketAddr| it.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client, as a service gets to know it.
    fn client(proxies: &[&str], peer: &str, forwarded: &[&[u8]]) -> HeaderValue {
        let proxies: Vec<String> = proxies.iter().map(ToString::to_string).collect();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(value).unwrap());
        }
        TrustedProxies::parse(&proxies)
            .unwrap()
            .client(peer.parse().unwrap(), &headers)
            .header()
    }

    /// The share of the client that the edge wrote down so.
    fn share(header: &str) -> ClientNetwork {
        ClientAddress::parse(header).unwrap().network()
    }

    #[test]
    fn s04_the_addresses_of_one_ipv6_network_are_one() {
        assert_eq!(share("2001:db8::1"), share("2001:db8::ffff:2"));
        assert_ne!(share("2001:db8::1"), share("2001:db8:0:1::1"));
        assert_eq!(share("::ffff:10.0.0.1"), share("10.0.0.1"));
        assert_ne!(share("10.0.0.1"), share("10.0.0.2"));
    }

    #[test]
    fn b06_unknown_clients_share_one_budget_and_prove_nothing() {
        assert_eq!(share("unknown"), share("unknown"));
        assert_ne!(share("unknown"), share("0.0.0.0"));
        assert_ne!(share("unknown"), share("::"));
        assert!(ClientAddress::Unknown.known().is_none());
        for nonsense in ["", "Unknown", "10.0.0.1:80"] {
            assert!(ClientAddress::parse(nonsense).is_none(), "{nonsense}");
        }
    }

    #[test]
    fn decision_26_by_default_nobody_is_believed() {
        assert_eq!(client(&[], "9.9.9.9", &[b"1.2.3.4"]), "9.9.9.9");
    }

    #[test]
    fn decision_26_the_rightmost_hop_that_is_no_trusted_proxy_is_the_client() {
        let trusted = ["10.0.0.0/8", "127.0.0.1"];
        for (peer, forwarded, expected) in [
            ("127.0.0.1", vec!["1.2.3.4"], "1.2.3.4"),
            ("127.0.0.1", vec!["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
            ("127.0.0.1", vec!["6.6.6.6", "1.2.3.4, 10.1.2.3"], "1.2.3.4"),
            ("::ffff:127.0.0.1", vec!["::ffff:1.2.3.4"], "1.2.3.4"),
            ("9.9.9.9", vec!["1.2.3.4"], "9.9.9.9"),
            ("9.9.9.9", vec!["nonsense"], "9.9.9.9"),
            ("127.0.0.1", vec!["nonsense, 1.2.3.4"], "1.2.3.4"),
            ("127.0.0.1", vec!["10.0.0.1"], "10.0.0.1"),
        ] {
            let octets: Vec<_> = forwarded.iter().map(|value| value.as_bytes()).collect();
            assert_eq!(
                client(&trusted, peer, &octets),
                expected,
                "{peer} {forwarded:?}"
            );
        }
    }

    #[test]
    fn b06_a_hop_is_its_address_however_a_proxy_writes_it() {
        for (hop, expected) in [
            ("1.2.3.4:5678", "1.2.3.4"),
            ("\"1.2.3.4\"", "1.2.3.4"),
            ("\"1.2.3.4:5678\"", "1.2.3.4"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:DB8::7]:443", "2001:db8::7"),
            ("\"[2001:db8::7]:443\"", "2001:db8::7"),
            ("[::ffff:1.2.3.4]:80", "1.2.3.4"),
            ("1.2.3.4,", "1.2.3.4"),
            (" , 6.6.6.6:1 ,\t1.2.3.4 ,, ", "1.2.3.4"),
            ("6.6.6.6:1, 1.2.3.4:80, 127.0.0.1:443", "1.2.3.4"),
        ] {
            let found = client(&["127.0.0.1"], "127.0.0.1", &[hop.as_bytes()]);
            assert_eq!(found, expected, "{hop}");
        }
    }

    #[test]
    fn b06_a_client_that_a_trusted_proxy_does_not_name_is_unknown() {
        for forwarded in [
            &[][..],
            &[&b""[..]],
            &[b" ,, "],
            &[b"nonsense"],
            &[b"1.2.3.4, nonsense"],
            &[b"nonsense, 127.0.0.1"],
            &[b"unknown"],
            &[b"1.2.3.4, caf\xe9"],
            &[b"1.2.3.4", b"\xff"],
            &[b"1.2.3.4:"],
            &[b"1.2.3.4:port"],
            &[b"[1.2.3.4]"],
            &[b"[2001:db8::7"],
            &[b"\"1.2.3.4"],
        ] {
            let found = client(&["127.0.0.1"], "127.0.0.1", forwarded);
            assert_eq!(found, "unknown", "{forwarded:?}");
        }
    }

    #[test]
    fn decision_26_what_is_no_proxy_is_named() {
        let error = TrustedProxies::parse(&["nginx".to_owned()]).unwrap_err();
        assert!(error.to_string().starts_with("nginx is neither"), "{error}");
    }
}
