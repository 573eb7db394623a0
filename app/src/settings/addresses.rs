//! Addresses in settings: read as a browser or a driver reads them, and refused at the start if that cannot be.

use std::{fmt, net::IpAddr};

use serde::Deserialize;
use url::{Host, Url};

/// Where pages come from, as browsers write it: in lower case, with the host in its ASCII form, and without the scheme's
/// own port (decision 25).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
    /// The scheme's own, if it has one.
    default_port: Option<u16>,
}

/// A text that is no origin.
#[derive(Debug, thiserror::Error)]
#[error(
    "must be an address such as https://chat.example or http://192.0.2.5:8080, with nothing behind it"
)]
pub struct NoOrigin;

impl Origin {
    /// The `host[:port]` that clients name when they call it; the scheme's own port may be left out.
    pub fn authorities(&self) -> Vec<String> {
        let Self { host, port, .. } = self;
        let with_port = port.or(self.default_port);
        let with_port = with_port.map(|port| format!("{host}:{port}"));
        let bare = port.is_none().then(|| host.clone());
        bare.into_iter().chain(with_port).collect()
    }

    /// Whether a browser speaks TLS with it.
    pub fn is_over_tls(&self) -> bool {
        self.scheme == "https"
    }

    /// Whether it names the machine that the browser itself runs on.
    pub fn is_loopback(&self) -> bool {
        is_this_machine(&self.host)
    }

    /// Whether a browser can open it.
    pub fn is_web(&self) -> bool {
        self.default_port.is_some()
    }
}

impl TryFrom<String> for Origin {
    type Error = NoOrigin;

    fn try_from(text: String) -> Result<Self, NoOrigin> {
        let url = Url::parse(&text).map_err(|_| NoOrigin)?;
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host().and_then(|host| named(&host));
        Ok(Self {
            host: host.filter(|_| is_bare).ok_or(NoOrigin)?,
            scheme: url.scheme().to_owned(),
            port: url.port(),
            default_port: matches!(url.scheme(), "http" | "https")
                .then(|| url.port_or_known_default())
                .flatten(),
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// A host that can be called: an address, or a name of letters, digits and hyphens (Docker's have underscores).
fn named(host: &Host<&str>) -> Option<String> {
    if let Host::Domain(name) = host {
        let is_label = |label: &str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            !label.is_empty() && label.bytes().all(is_plain)
        };
        let labels = name.strip_suffix('.').unwrap_or(name);
        if !labels.split('.').all(is_label) {
            return None;
        }
    }
    Some(host.to_string().to_ascii_lowercase())
}

/// The host of a mail server, as a resolver takes it, if it is one: no scheme, no port.
pub fn host(text: &str) -> Option<String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_string());
    }
    match Host::parse(text).ok()? {
        Host::Ipv6(address) => Some(address.to_string()),
        Host::Domain(name) => named(&Host::Domain(name.as_str())),
        Host::Ipv4(address) => Some(address.to_string()),
    }
}

/// Whether a host, as a URL has it, is a name or an address of this machine itself.
pub fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>();
    bare.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Whether a text is the URL of a store: one of these schemes, and no more than a driver can be asked about here.
pub fn is_store(text: &str, schemes: &[&str]) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| schemes.contains(&scheme)) && !text.contains(char::is_whitespace)
}

/// Whether a text is `host:port[,host:port…]`.
pub fn are_brokers(text: &str) -> bool {
    let is_broker = |broker: &str| {
        let parts = broker.trim().rsplit_once(':');
        parts.is_some_and(|(name, port)| host(name).is_some() && port.parse::<u16>().is_ok())
    };
    text.split(',').all(is_broker)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Result<Origin, NoOrigin> {
        Origin::try_from(text.to_owned())
    }

    #[test]
    fn b17_an_origin_is_what_a_browser_makes_of_it() {
        for (typed, expected) in [
            ("https://Chat.Example", "https://chat.example"),
            ("HTTPS://chat.example/", "https://chat.example"),
            ("https://chat.example:443", "https://chat.example"),
            ("http://chat.example:80", "http://chat.example"),
            ("http://chat.example:443", "http://chat.example:443"),
            (
                "https://b\u{fc}cher.example",
                "https://xn--bcher-kva.example",
            ),
            (
                "https://bu\u{308}cher.example:8443",
                "https://xn--bcher-kva.example:8443",
            ),
            ("https://[2001:DB8:0::1]", "https://[2001:db8::1]"),
            (
                "http://[::ffff:127.0.0.1]:8080",
                "http://[::ffff:7f00:1]:8080",
            ),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://chat_gateway:8081", "http://chat_gateway:8081"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(origin(typed).unwrap().to_string(), expected, "{typed}");
        }
    }

    #[test]
    fn b17_what_a_browser_cannot_open_is_no_origin() {
        for bad in [
            "",
            "*",
            "null",
            "chat.example",
            "localhost:8080",
            "https://",
            "https://chat example",
            "https://:8080",
            "https://*",
            "https://*.chat.example",
            "https://chat..example",
            "https://chat.example:99999",
            "https://chat.example/app",
            "https://chat.example?a",
            "https://chat.example#a",
            "https://an@chat.example",
            "https://an:pass@chat.example",
            "https://[2001:db8::1",
            "file:///home/an",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn b17_a_host_is_named_with_and_without_the_schemes_own_port() {
        let authorities = |text| origin(text).unwrap().authorities();
        let both = ["chat.example", "chat.example:443"];
        assert_eq!(authorities("https://Chat.Example"), both);
        assert_eq!(authorities("https://chat.example:443/"), both);
        assert_eq!(authorities("http://chat.example:81"), ["chat.example:81"]);
        assert!(!origin("capacitor://localhost").unwrap().is_web());
    }

    #[test]
    fn b17_a_mail_server_is_a_host_alone() {
        for (typed, expected) in [
            ("Mail.Example", Some("mail.example")),
            ("b\u{fc}cher.example", Some("xn--bcher-kva.example")),
            ("192.0.2.25", Some("192.0.2.25")),
            ("[2001:DB8::1]", Some("2001:db8::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("mail.example:587", None),
            ("smtp://mail.example", None),
            ("mail example", None),
            ("*", None),
        ] {
            assert_eq!(host(typed).as_deref(), expected, "{typed}");
        }
    }

    #[test]
    fn b17_stores_and_brokers_are_addresses() {
        assert!(is_store("postgres://app@db:5432/chat", &["postgres"]));
        assert!(is_store("mongodb://a:1,b:2/?replicaSet=r", &["mongodb"]));
        for bad in [
            "",
            "db:5432",
            "postgres//db",
            "mysql://db",
            "postgres://d b",
        ] {
            assert!(!is_store(bad, &["postgres"]), "{bad}");
        }
        assert!(are_brokers("127.0.0.1:9092") && are_brokers("a:1, [::1]:2"));
        for bad in [
            "",
            "kafka",
            "kafka:",
            "kafka:x",
            "a:1,,b:2",
            "http://kafka:9092",
        ] {
            assert!(!are_brokers(bad), "{bad}");
        }
    }
}
