//! Why a store that answers is of no use: one of the two sides does not accept the other. Only a person can mend that, so
//! the error names the setting to look at.

/// What one side of a connection does not accept about the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The certificate of the store is signed by an authority that we do not know.
    UnknownAuthority,
    /// The certificate of the store is not valid at this time.
    NotValidNow,
    /// The certificate of the store is for other hosts.
    OtherHost,
    /// The certificate of the store cannot be verified, and the driver does not say why.
    Unverified,
    /// The store speaks no TLS where we do.
    NoTls,
    /// The store speaks only TLS where we do not.
    NeedsTls,
    /// The store does not know our certificate, or asks for one.
    Certificate,
    /// The store does not know our user, or its password is another.
    Login,
}

/// The settings that a person looks at when a connection is refused.
#[derive(Clone, Debug)]
pub struct SettingNames {
    /// Where the store is.
    pub address: String,
    /// The user and the password, which may be in the address.
    pub login: String,
    /// The authorities that are believed.
    pub ca_file: String,
    /// Our certificate.
    pub cert_file: String,
    /// Whether TLS is spoken, which may be in the address.
    pub tls: String,
}

impl SettingNames {
    /// The settings of a section whose `url` holds the login as well.
    #[must_use]
    pub fn with_url(section: &str) -> Self {
        Self {
            address: format!("{section}.url"),
            login: format!("{section}.url"),
            ca_file: format!("{section}.ca_file"),
            cert_file: format!("{section}.cert_file"),
            tls: format!("{section}.url"),
        }
    }
}

/// What is found in the words of drivers and servers, in lower case. The first that is found counts.
const SAID: [(Refusal, &[&str]); 8] = [
    (
        Refusal::UnknownAuthority,
        &[
            "invalid peer certificate: unknownissuer",
            "invalid peer certificate: badsignature",
            "self-signed certificate",
            "unable to get local issuer certificate",
        ],
    ),
    (
        Refusal::NotValidNow,
        &[
            "certificate expired",
            "certificate has expired",
            "not valid yet",
            "not yet valid",
        ],
    ),
    (
        Refusal::OtherHost,
        &[
            "certificate not valid for name",
            "hostname mismatch",
            "ip address mismatch",
        ],
    ),
    (
        Refusal::NoTls,
        &[
            "server does not support tls",
            "received corrupt message of type invalidcontenttype",
            "plaintext broker listener",
        ],
    ),
    (
        Refusal::NeedsTls,
        &[
            // Of PostgreSQL, about a connection that no line of pg_hba.conf admits.
            ", no encryption",
            ", ssl off",
            "the mail server asks for tls",
        ],
    ),
    (
        Refusal::Certificate,
        &[
            "fatal alert: certificate",
            "fatal alert: badcertificate",
            "fatal alert: unknownca",
            "fatal alert: unsupportedcertificate",
            "alert certificate",
            "alert bad certificate",
            "alert unknown ca",
            "certificate authentication failed",
            "requires a valid client certificate",
        ],
    ),
    (
        Refusal::Unverified,
        &[
            "invalid peer certificate",
            "certificate verify failed",
            "failed to verify broker certificate",
        ],
    ),
    (
        Refusal::Login,
        &[
            "authentication failed",
            "authentication required",
            "no pg_hba.conf entry",
            "pg_hba.conf rejects",
            "wrongpass",
            "noauth",
            "invalid credentials",
            "the mail server answered 530",
            "the mail server answered 535",
        ],
    ),
];

impl Refusal {
    /// The refusal that an error and its causes tell of, if they do.
    #[must_use]
    pub fn in_words(words: &str) -> Option<Self> {
        let words = words.to_ascii_lowercase();
        SAID.iter()
            .find(|(_, said)| said.iter().any(|said| words.contains(said)))
            .map(|(refusal, _)| *refusal)
    }

    /// What is wrong, with the setting that has to be looked at. It repeats nothing of a server's words and of values.
    #[must_use]
    pub fn advice(self, names: &SettingNames) -> String {
        let SettingNames {
            address,
            login,
            ca_file,
            cert_file,
            tls,
        } = names;
        match self {
            Self::UnknownAuthority => format!(
                "{ca_file} does not hold the authority that signed the certificate of the server at {address}"
            ),
            Self::NotValidNow => format!(
                "the certificate of the server at {address} has expired or is not valid yet, or a clock is wrong"
            ),
            Self::OtherHost => {
                format!("the certificate of the server is for another host than {address} names")
            }
            Self::Unverified => format!(
                "the certificate of the server at {address} cannot be verified: {ca_file} does not hold its \
                 authority, it is not valid now, or it is for another host"
            ),
            Self::NoTls => format!("the server at {address} speaks no TLS there"),
            Self::NeedsTls => format!(
                "the server at {address} takes no such connection without TLS, and {tls} asks for none; or it admits \
                 no such address, user or database at all"
            ),
            Self::Certificate => format!(
                "the server at {address} asks for a certificate that it knows, and {cert_file} is none"
            ),
            Self::Login => format!("the server refuses the user or the password of {login}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drivers_and_servers_say_is_understood() {
        for (words, expected) in [
            (
                "invalid peer certificate: UnknownIssuer",
                Refusal::UnknownAuthority,
            ),
            (
                "invalid peer certificate: certificate expired: verification time 2 (UNIX), but certificate is not \
                 valid after 1 (1 seconds ago)",
                Refusal::NotValidNow,
            ),
            (
                "invalid peer certificate: certificate not valid for name \"db\"; certificate is only valid for b",
                Refusal::OtherHost,
            ),
            ("invalid peer certificate: BadEncoding", Refusal::Unverified),
            (
                "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate \
                 could not be verified, verify that ssl.ca.location is correctly configured",
                Refusal::Unverified,
            ),
            (
                "Failed to verify broker certificate: certificate has expired",
                Refusal::NotValidNow,
            ),
            ("server does not support TLS", Refusal::NoTls),
            (
                "no pg_hba.conf entry for host \"10.0.0.7\", user \"app\", database \"chat_db\", no encryption",
                Refusal::NeedsTls,
            ),
            (
                "no pg_hba.conf entry for host \"10.0.0.7\", user \"app\", database \"chat_db\", SSL encryption",
                Refusal::Login,
            ),
            ("the mail server asks for TLS (530)", Refusal::NeedsTls),
            ("the mail server answered 530", Refusal::Login),
            (
                "received fatal alert: CertificateRequired",
                Refusal::Certificate,
            ),
            (
                "ssl/tls alert bad certificate: SSL alert number 42",
                Refusal::Certificate,
            ),
            (
                "password authentication failed for user \"app\"",
                Refusal::Login,
            ),
            (
                "WRONGPASS invalid username-password pair or user is disabled.",
                Refusal::Login,
            ),
            (
                "SASL authentication error: Authentication failed during authentication due to invalid credentials \
                 with SASL mechanism SCRAM-SHA-256",
                Refusal::Login,
            ),
            ("the mail server answered 535", Refusal::Login),
        ] {
            assert_eq!(Refusal::in_words(words), Some(expected), "{words}");
        }
    }

    #[test]
    fn a_store_that_is_away_refuses_nothing() {
        for words in [
            "Connection refused (os error 111)",
            "the mail server answered 451",
            "Local: Timed out",
            "connection reset by peer",
        ] {
            assert_eq!(Refusal::in_words(words), None, "{words}");
        }
    }

    #[test]
    fn an_advice_names_a_setting() {
        let names = SettingNames::with_url("write_store");
        for (refusal, setting) in [
            (Refusal::UnknownAuthority, "write_store.ca_file"),
            (Refusal::NotValidNow, "write_store.url"),
            (Refusal::OtherHost, "write_store.url"),
            (Refusal::Unverified, "write_store.ca_file"),
            (Refusal::NoTls, "write_store.url"),
            (Refusal::NeedsTls, "write_store.url"),
            (Refusal::Certificate, "write_store.cert_file"),
            (Refusal::Login, "write_store.url"),
        ] {
            let advice = refusal.advice(&names);
            assert!(advice.contains(setting), "{advice}");
        }
    }
}
