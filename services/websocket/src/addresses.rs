//! How many connections each client address has on this node, so that none takes them all (stomp.md §6).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use colloquy_chassis::{
    ApiError, ClientAddress, Failure, Kind,
    client_address::{ClientNetwork, TrustedProxies},
    http_server::PeerAddr,
};
use http::{Extensions, HeaderMap};

/// A session over plain HTTP whose client has stopped asking ends within so many seconds.
const RETRY_AFTER: u32 = 5;

/// The server that received a request did not say from which address: without [`PeerAddr`] clients cannot be distinguished.
#[derive(Debug, thiserror::Error)]
#[error("a request came without the address of its connection")]
struct NoPeer;

impl Failure for NoPeer {
    fn kind(&self) -> Kind {
        Kind::Internal
    }
}

/// Open connections by client address: sockets, and sessions over plain HTTP.
#[derive(Debug)]
pub struct Addresses {
    open: Mutex<HashMap<ClientNetwork, usize>>,
    limit: usize,
    proxies: TrustedProxies,
}

/// The right to one connection from an address, released when it is dropped.
#[derive(Debug)]
pub struct AddressPermit {
    addresses: Arc<Addresses>,
    network: ClientNetwork,
}

impl Addresses {
    /// No connection yet; each address may have `limit`. The proxies are trusted to say from which address a request comes.
    #[must_use]
    pub fn new(limit: usize, proxies: TrustedProxies) -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::default(),
            limit,
            proxies,
        })
    }

    /// A permit for one connection more of the client that sent a request.
    ///
    /// # Errors
    /// Its address has as many as it may have.
    pub fn admit(
        self: &Arc<Self>,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Result<AddressPermit, ApiError> {
        let PeerAddr(peer) = extensions.get().ok_or(NoPeer)?;
        let client = self.proxies.client(peer.ip(), headers);
        self.enter(client).ok_or_else(|| {
            metrics::counter!("colloquy_websocket_connections_refused_total").increment(1);
            let message = "There are too many connections from your address.";
            ApiError::new(Kind::TooManyRequests, message).with_retry_after(RETRY_AFTER)
        })
    }

    fn enter(self: &Arc<Self>, client: ClientAddress) -> Option<AddressPermit> {
        let network = client.network();
        let mut open = self.lock();
        let count = open.get(&network).copied().unwrap_or_default();
        if count >= self.limit {
            return None;
        }
        open.insert(network, count + 1);
        Some(AddressPermit {
            addresses: Arc::clone(self),
            network,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientNetwork, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let mut open = self.addresses.lock();
        if let Some(count) = open.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stomp_limits_an_address_has_so_many_connections_and_gives_back_what_it_had() {
        let addresses = Addresses::new(2, TrustedProxies::default());
        let enter = |address: &str| addresses.enter(ClientAddress::Known(address.parse().unwrap()));
        let open = [enter("10.0.0.1").unwrap(), enter("10.0.0.1").unwrap()];
        assert!(enter("10.0.0.1").is_none());
        assert!(enter("::ffff:10.0.0.1").is_none(), "the same in IPv6");
        let other = enter("10.0.0.2").unwrap();

        let [first, second] = open;
        drop(first);
        let third = enter("10.0.0.1").unwrap();
        assert!(enter("10.0.0.1").is_none());
        drop((second, third, other));
        assert!(addresses.lock().is_empty());
    }

    #[test]
    fn stomp_limits_the_addresses_of_one_ipv6_network_are_one() {
        let addresses = Addresses::new(1, TrustedProxies::default());
        let enter = |address: &str| addresses.enter(ClientAddress::Known(address.parse().unwrap()));
        let _open = enter("2001:db8::1").unwrap();
        assert!(enter("2001:db8::ffff:2").is_none());
        assert!(enter("2001:db8:0:1::1").is_some());
    }
}
