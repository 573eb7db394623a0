//! Where browsers find the system: the origins that may call, the cookie, and the proxies that are believed.

use super::finding::Finding;
use crate::settings::{Http, addresses::is_this_machine};

const ORIGINS: &str = "http.origins";
const COOKIE: &str = "http.cookie";
const PROXIES: &str = "http.proxies";

/// Which clients reach the system without a setting that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Those of this machine: it listens on loopback.
    ThisMachine,
    /// Those of a network, under the address that it listens on.
    OneAddress,
    /// Those of any network, so that the address at which it listens says nothing about its own.
    EveryAddress,
}

impl Exposure {
    /// Of an all-in-one system that listens there.
    pub fn of(listen: &str) -> Self {
        let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
        if is_this_machine(host) {
            Self::ThisMachine
        } else if matches!(host, "0.0.0.0" | "[::]") {
            Self::EveryAddress
        } else {
            Self::OneAddress
        }
    }

    /// Of gateways and WebSocket nodes.
    pub const fn behind_nginx() -> Self {
        Self::EveryAddress
    }
}

pub fn check(http: &Http, exposure: Exposure) -> [Finding; 3] {
    [
        origins(http, exposure),
        cookie(http, exposure),
        proxies(http),
    ]
}

fn origins(http: &Http, exposure: Exposure) -> Finding {
    let named: Vec<_> = http.origins().collect();
    match (&http.public_url, exposure) {
        (Some(_), _) => Finding::ok(ORIGINS, format!("pages of {} may call", named.join(", "))),
        (None, Exposure::ThisMachine) => {
            Finding::ok(ORIGINS, "pages of this machine alone may call")
        }
        (None, Exposure::OneAddress) => Finding::ok(
            ORIGINS,
            "pages of the address that it listens on may call, and any host is answered",
        ),
        (None, Exposure::EveryAddress) if named.is_empty() => Finding::fail(
            ORIGINS,
            "http.public_url is empty, so what browsers send with an Origin, each login among it, is answered 403",
            "set http.public_url to the address that people open",
        ),
        (None, Exposure::EveryAddress) => Finding::warn(
            ORIGINS,
            "http.public_url is empty, so any host is answered, and the page of the system itself may not call",
            "set http.public_url to the address that people open",
        ),
    }
}

fn cookie(http: &Http, exposure: Exposure) -> Finding {
    let Some(public) = &http.public_url else {
        return cookie_of_no_address(http.secure_cookie, exposure);
    };
    match (http.secure_cookie, public.is_over_tls()) {
        (true, true) => Finding::ok(COOKIE, "is sent over TLS alone"),
        (true, false) => Finding::fail(
            COOKIE,
            "http.secure_cookie is on but http.public_url is not https, so browsers drop the cookie and every call after a login is 401",
            "put TLS in front and make http.public_url https, or turn http.secure_cookie off",
        ),
        (false, true) => Finding::warn(
            COOKIE,
            "http.public_url is https but http.secure_cookie is off, so a browser also sends the session without TLS",
            "turn http.secure_cookie on",
        ),
        (false, false) if public.is_loopback() => {
            Finding::ok(COOKIE, "is sent on this machine, without TLS as well")
        }
        (false, false) => Finding::warn(
            COOKIE,
            "http.public_url is not https, so passwords and sessions travel readable",
            "put a proxy that speaks TLS in front",
        ),
    }
}

/// What lacks an address beyond this machine is said of the origins.
fn cookie_of_no_address(is_secure: bool, exposure: Exposure) -> Finding {
    match (is_secure, exposure) {
        (true, Exposure::ThisMachine) => Finding::warn(
            COOKIE,
            "http.secure_cookie is on but the system is on loopback without TLS, where not every browser keeps the cookie",
            "turn http.secure_cookie off, or set http.public_url to the https address that people open",
        ),
        (true, _) => Finding::ok(COOKIE, "is sent over TLS alone"),
        (false, _) => Finding::ok(COOKIE, "is sent without TLS as well"),
    }
}

fn proxies(http: &Http) -> Finding {
    let trusted = &http.trusted_proxies;
    let names_all = |network: &String| network.trim().ends_with("/0");
    if trusted.iter().any(names_all) {
        return Finding::fail(
            PROXIES,
            "http.trusted_proxies holds every address, so each client can name another address as its own and passes all limits",
            "list the addresses of the proxies alone",
        );
    }
    match (trusted.is_empty(), &http.public_url) {
        (false, _) => Finding::ok(
            PROXIES,
            format!("{} may name the client", trusted.join(", ")),
        ),
        (true, None) => Finding::ok(PROXIES, "none: the client is the one that connects"),
        (true, Some(_)) => Finding::warn(
            PROXIES,
            "http.trusted_proxies is empty, so all clients behind a proxy have its address and share its limits",
            "list the proxy's address, such as [\"127.0.0.1\"]",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_which_clients_reach_it() {
        for (listen, exposure) in [
            ("localhost:8080", Exposure::ThisMachine),
            ("127.0.0.2:80", Exposure::ThisMachine),
            ("[::1]:8080", Exposure::ThisMachine),
            ("192.0.2.5:8080", Exposure::OneAddress),
            ("[2001:db8::5]:8080", Exposure::OneAddress),
            ("0.0.0.0:8080", Exposure::EveryAddress),
            ("[::]:8080", Exposure::EveryAddress),
        ] {
            assert_eq!(Exposure::of(listen), exposure, "{listen}");
        }
    }
}
