//! Which pages may open a socket (decision 25). A client without `Origin` and `Sec-Fetch-Site` is no browser and passes.

use std::collections::HashSet;

use http::{HeaderMap, header};

/// Origins that may open a socket, as browsers write them: `https://chat.example`, `http://localhost:8080`.
#[derive(Clone, Debug, Default)]
pub struct AllowedOrigins(HashSet<String>);

impl<T: Into<String>> FromIterator<T> for AllowedOrigins {
    fn from_iter<I: IntoIterator<Item = T>>(origins: I) -> Self {
        Self(origins.into_iter().map(Into::into).collect())
    }
}

impl AllowedOrigins {
    /// Whether a request with these headers may go on.
    #[must_use]
    pub fn allow(&self, headers: &HeaderMap) -> bool {
        match headers.get(header::ORIGIN) {
            Some(origin) => origin.to_str().is_ok_and(|origin| self.0.contains(origin)),
            None => headers
                .get("sec-fetch-site")
                .is_none_or(|site| site != "cross-site"),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn decision_25_only_allowed_pages_and_clients_that_are_no_browsers_pass() {
        let allowed: AllowedOrigins = ["http://localhost:8080"].into_iter().collect();
        let site = HeaderName::from_static("sec-fetch-site");
        for (headers, passes) in [
            (vec![], true),
            (vec![(header::ORIGIN, "http://localhost:8080")], true),
            (vec![(header::ORIGIN, "http://localhost:8081")], false),
            (vec![(header::ORIGIN, "https://localhost:8080")], false),
            (vec![(header::ORIGIN, "null")], false),
            (vec![(site.clone(), "cross-site")], false),
            (vec![(site, "same-origin")], true),
        ] {
            let headers: HeaderMap = headers
                .into_iter()
                .map(|(name, value)| (name, HeaderValue::from_static(value)))
                .collect();
            assert_eq!(allowed.allow(&headers), passes, "{headers:?}");
        }
    }
}
