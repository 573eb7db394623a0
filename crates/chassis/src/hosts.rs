//! Which hosts we answer to (decision 25). A page of a stranger can make a browser call `127.0.0.1` under a name of the
//! stranger's own (DNS rebinding); the `Host` header then gives it away.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};

use crate::{ApiError, Kind};

/// Headers that a proxy adds.
const FORWARDING: [&str; 4] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
];

/// The authorities (`host[:port]`) that requests may name. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hosts {
    known: Arc<[String]>,
    direct_only: bool,
}

impl Hosts {
    /// These, compared without case; none at all means that any is answered.
    pub fn new(known: impl IntoIterator<Item = String>) -> Self {
        Self {
            known: known
                .into_iter()
                .map(|host| host.to_ascii_lowercase())
                .collect(),
            direct_only: false,
        }
    }

    /// The same, and nothing that came through a proxy: what is meant for this machine alone, demo accounts included,
    /// is not published by a proxy in front of it (decision 27).
    #[must_use]
    pub fn direct_only(self) -> Self {
        Self {
            direct_only: true,
            ..self
        }
    }

    /// Puts the check in front of every route: another host is 421.
    pub fn guard(self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self, check))
    }

    fn admit(&self, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(header::HOST).iter();
        let known = match (named.next(), named.next()) {
            (Some(host), None) => host.to_str().is_ok_and(|host| {
                self.known
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(host))
            }),
            _ => false,
        };
        let forwarded = FORWARDING.iter().any(|name| headers.contains_key(*name));
        (self.known.is_empty() || known) && !(self.direct_only && forwarded)
    }
}

async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    if hosts.admit(request.headers()) {
        return next.run(request).await;
    }
    ApiError::new(
        Kind::Misdirected,
        "This host is not served here; see the setting http.public_url.",
    )
    .into_response()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn admits(hosts: &Hosts, pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        hosts.admit(&headers)
    }

    #[test]
    fn decision_25_another_host_is_refused() {
        let hosts = Hosts::new(["localhost:8080".to_owned(), "127.0.0.1:8080".to_owned()]);
        for own in ["localhost:8080", "LocalHost:8080", "127.0.0.1:8080"] {
            assert!(admits(&hosts, &[("host", own)]), "{own}");
        }
        for other in [
            "evil.example",
            "localhost",
            "localhost:8081",
            "localhost:8080.evil.example",
            "",
        ] {
            assert!(!admits(&hosts, &[("host", other)]), "{other}");
        }
        assert!(!admits(&hosts, &[]));
        assert!(!admits(
            &hosts,
            &[("host", "localhost:8080"), ("host", "evil.example")]
        ));
    }

    #[test]
    fn decision_27_what_came_through_a_proxy_is_refused_where_only_this_machine_is_served() {
        let hosts = Hosts::new(["localhost:8080".to_owned()]);
        let forwarded = [("host", "localhost:8080"), ("x-forwarded-for", "192.0.2.1")];
        assert!(admits(&hosts, &forwarded));
        assert!(!admits(&hosts.direct_only(), &forwarded));
    }
}
