//! Which web pages may call us (decision 25). A browser says where a page came from; a client that is no browser says
//! nothing and passes.

use std::{collections::HashSet, sync::Arc};

use http::{HeaderMap, header};

/// The origins whose pages may call. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Origins(Arc<HashSet<String>>);

impl Origins {
    /// Exactly these origins, each `scheme://host[:port]` as browsers write them.
    pub fn new(allowed: impl IntoIterator<Item = String>) -> Self {
        Self(Arc::new(
            allowed
                .into_iter()
                .map(|origin| origin.trim_end_matches('/').to_owned())
                .collect(),
        ))
    }

    /// Whether a page of this origin may call.
    #[must_use]
    pub fn contains(&self, origin: &str) -> bool {
        self.0.contains(origin)
    }

    /// Whether a request may pass: its `Origin` is allowed, or it has none and was not sent across sites.
    #[must_use]
    pub fn admit(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (Some(origin), None) => origin.to_str().is_ok_and(|origin| self.contains(origin)),
            (Some(_), Some(_)) => false,
            (None, _) => headers
                .get("sec-fetch-site")
                .is_none_or(|site| site != "cross-site"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, http::HeaderValue::from_static(value));
        }
        Origins::new(["http://localhost:8080".to_owned()]).admit(&headers)
    }

    #[test]
    fn decision_25_only_listed_origins_pass() {
        assert!(admits(&[("origin", "http://localhost:8080")]));
        for foreign in [
            "null",
            "",
            "http://localhost:8081",
            "https://localhost:8080",
            "http://localhost:8080.evil.example",
        ] {
            assert!(!admits(&[("origin", foreign)]), "{foreign}");
        }
        assert!(!admits(&[
            ("origin", "http://localhost:8080"),
            ("origin", "http://evil.example")
        ]));
    }

    #[test]
    fn decision_25_without_an_origin_only_cross_site_is_refused() {
        assert!(admits(&[]));
        assert!(admits(&[("sec-fetch-site", "same-origin")]));
        assert!(!admits(&[("sec-fetch-site", "cross-site")]));
    }
}
