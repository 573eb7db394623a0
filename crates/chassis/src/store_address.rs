//! Where a store is, and the files that protect the connection to it.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Deserializer};

/// The URL of a store with the files of its TLS. It is made from a URL alone where there are none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoreAddress {
    /// The URL, which may hold a password.
    pub url: String,
    /// Which authorities are believed, and who we are.
    pub tls: TlsFiles,
}

/// Files in PEM. Any of them asks for TLS, and for a certificate that names the host of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// The authorities whose signature on the certificate of the store is believed.
    pub ca: Option<PathBuf>,
    /// The certificate that the store knows us by.
    pub identity: Option<Identity>,
}

/// A certificate of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and those between it and its authority.
    pub cert: PathBuf,
    /// Its private key; the same file where a driver reads both from one.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ca.is_none() && self.identity.is_none()
    }
}

/// Reads the path of a file in settings, where an empty text is none.
///
/// # Errors
/// The value is no text.
pub fn optional_file<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    Ok((!path.as_os_str().is_empty()).then_some(path))
}

impl<T: Into<String>> From<T> for StoreAddress {
    fn from(url: T) -> Self {
        Self {
            url: url.into(),
            tls: TlsFiles::default(),
        }
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreAddress")
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::StoreAddress;

    #[test]
    fn style_11_the_password_of_a_url_does_not_show_in_debug() {
        let address = StoreAddress::from("postgres://app:canary@db/chat");
        let shown = format!("{address:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}
