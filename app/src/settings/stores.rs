//! How stores are reached: their addresses with the files of TLS, and the rules that both keep.

use std::{
    fs,
    path::{Path, PathBuf},
};

use colloquy_chassis::{SettingNames, StoreAddress, TlsFiles, store_address::Identity};
use colloquy_event_log::{KafkaSettings, SecurityProtocol};
use colloquy_mail::mail_transport::smtp::{Credentials, SmtpSettings, TlsMode};
use url::Url;

use super::{Settings, SettingsError, rules::Rule};

/// The sections that have the URL of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Accounts,
    Sessions,
    Mail,
    WriteStore,
    ViewStore,
    ExpiringStore,
}

/// How the first line of a certificate, and of a private key, ends.
const CERTIFICATE: &str = "CERTIFICATE-----";
const KEY: &str = "PRIVATE KEY-----";

impl Section {
    pub const ALL: [Self; 6] = [
        Self::Accounts,
        Self::Sessions,
        Self::Mail,
        Self::WriteStore,
        Self::ViewStore,
        Self::ExpiringStore,
    ];

    /// The names of its settings.
    pub fn names(self) -> SettingNames {
        let section = self.section();
        let mut names = SettingNames::with_url(section);
        if self == Self::ViewStore {
            names.cert_file = format!("{section}.cert_key_file");
        }
        names
    }

    fn section(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Sessions => "sessions",
            Self::Mail => "mail",
            Self::WriteStore => "write_store",
            Self::ViewStore => "view_store",
            Self::ExpiringStore => "expiring_store",
        }
    }
}

/// The names of the settings of the mail server.
pub fn smtp_names() -> SettingNames {
    let address = "mail.smtp_host".to_owned();
    SettingNames {
        cert_file: address.clone(),
        address,
        login: "mail.username".to_owned(),
        ca_file: "mail.smtp_ca_file".to_owned(),
        tls: "mail.smtp_tls".to_owned(),
    }
}

impl Settings {
    /// Reads every file of TLS that a setting names. A start reads those of its own stores alone.
    ///
    /// # Errors
    /// A file cannot be read, or holds something else.
    pub fn check_files(&self) -> Result<(), SettingsError> {
        for store in Section::ALL {
            self.store(store)?;
        }
        self.kafka()?;
        self.smtp().map(drop)
    }

    /// Where a store is, with files that can be read.
    ///
    /// # Errors
    /// A file cannot be read, or holds something else.
    pub fn store(&self, store: Section) -> Result<StoreAddress, SettingsError> {
        let (names, set) = (store.names(), self.connection(store));
        holds(&names.ca_file, set.ca, CERTIFICATE)?;
        holds(&names.cert_file, set.cert, CERTIFICATE)?;
        let key_file = match store {
            Section::ViewStore => names.cert_file,
            _ => format!("{}.key_file", store.section()),
        };
        holds(&key_file, set.key, KEY)?;
        let identity = set.cert.as_ref().zip(set.key.as_ref());
        Ok(StoreAddress {
            url: set.url.to_owned(),
            tls: TlsFiles {
                ca: set.ca.clone(),
                identity: identity.map(|(cert, key)| Identity {
                    cert: cert.clone(),
                    key: key.clone(),
                }),
            },
        })
    }

    /// How Kafka is reached, with files that can be read.
    ///
    /// # Errors
    /// A file cannot be read, or holds something else.
    pub fn kafka(&self) -> Result<KafkaSettings, SettingsError> {
        let set = &self.event_log;
        holds("event_log.ca_file", &set.ca_file, CERTIFICATE)?;
        holds("event_log.cert_file", &set.cert_file, CERTIFICATE)?;
        holds("event_log.key_file", &set.key_file, KEY)?;
        Ok(set.clone())
    }

    /// The mail server, if one is set, with a file that can be read.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn smtp(&self) -> Result<Option<SmtpSettings>, SettingsError> {
        let mail = &self.mail;
        holds("mail.smtp_ca_file", &mail.smtp_ca_file, CERTIFICATE)?;
        let credentials = (!mail.username.is_empty()).then(|| Credentials {
            username: mail.username.clone(),
            password: mail.password.as_str().into(),
        });
        Ok((!mail.smtp_host.is_empty()).then(|| SmtpSettings {
            host: mail.smtp_host.clone(),
            port: mail.smtp_port,
            tls: mail.smtp_tls,
            ca_file: mail.smtp_ca_file.clone(),
            credentials,
        }))
    }

    /// The rules of TLS and logins. What contradicts something else is refused: a connection that a person believes to be
    /// protected must be.
    pub fn protections(&self) -> impl Iterator<Item = Rule> {
        let stores =
            Section::ALL.map(|store| [self.is_escaped(store), self.pair(store), self.fits(store)]);
        let mail = Rule::new(
            "mail.smtp_tls",
            "must be \"starttls\" or \"tls\", because mail.smtp_ca_file is set",
            self.mail.smtp_ca_file.is_none() || self.mail.smtp_tls != TlsMode::None,
        );
        stores
            .into_iter()
            .flatten()
            .chain(self.kafka_protection())
            .chain([mail])
    }

    /// A password with one of these in it ends the address too early for one reader and not for the next, who would then
    /// show a part of it as the host.
    fn is_escaped(&self, store: Section) -> Rule {
        let url = self.connection(store).url;
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (login_and_host, behind) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
        Rule::new(
            store.names().address,
            "has an @ behind a /, ? or #; write these as %40, %2F, %3F and %23 in a password",
            login_and_host.contains('@') || !behind.contains('@'),
        )
    }

    /// A certificate is set together with its key.
    fn pair(&self, store: Section) -> Rule {
        let (section, set) = (store.section(), self.connection(store));
        let text = format!("must be set together with {section}.key_file");
        let is_kept = set.cert.is_some() == set.key.is_some();
        Rule::new(format!("{section}.cert_file"), text, is_kept)
    }

    /// The URL of a store does not contradict its files.
    fn fits(&self, store: Section) -> Rule {
        let set = self.connection(store);
        let mut parameters = parameters(set.url);
        let (text, is_met) = match store {
            Section::ExpiringStore => (
                "must begin with rediss://, because a file of TLS is set beside it",
                set.url.starts_with("rediss://") || set.url.starts_with("valkeys://"),
            ),
            Section::ViewStore => (
                "must have no parameter of TLS but tls=true, because a file of TLS is set beside it",
                parameters.all(|(name, value)| match name.as_str() {
                    "tls" | "ssl" => value == "true",
                    other => !other.starts_with("tls"),
                }),
            ),
            _ => (
                "must have no parameter of TLS but sslmode=verify-full, because a file of TLS is set beside it",
                parameters.all(|(name, value)| match name.as_str() {
                    "sslmode" | "ssl-mode" => value == "verify-full",
                    other => !other.starts_with("ssl"),
                }),
            ),
        };
        let is_kept = is_met || set.ca.is_none() && set.cert.is_none();
        Rule::new(store.names().address, text, is_kept)
    }

    fn kafka_protection(&self) -> [Rule; 5] {
        let (setting, log) = ("event_log.security_protocol", &self.event_log);
        let has_files = log.ca_file.is_some() || log.cert_file.is_some();
        let (protocol, has_login) = (log.security_protocol, !log.username.is_empty());
        [
            Rule::new(
                "event_log.cert_file",
                "must be set together with event_log.key_file",
                log.cert_file.is_some() == log.key_file.is_some(),
            ),
            Rule::new(
                "event_log.username",
                "must be set together with event_log.password",
                has_login != log.password.is_empty(),
            ),
            Rule::new(
                setting,
                "must be \"sasl_ssl\", because event_log.username is set",
                !has_login || protocol == SecurityProtocol::SaslSsl,
            ),
            Rule::new(
                setting,
                "needs event_log.username and event_log.password",
                has_login || protocol != SecurityProtocol::SaslSsl,
            ),
            Rule::new(
                setting,
                "must be \"ssl\" or \"sasl_ssl\", because a file of TLS is set beside it",
                !has_files || protocol != SecurityProtocol::Plaintext,
            ),
        ]
    }

    fn connection(&self, store: Section) -> Connection<'_> {
        let (accounts, sessions, mail) = (&self.accounts, &self.sessions, &self.mail);
        let (write, views, expiring) = (&self.write_store, &self.view_store, &self.expiring_store);
        match store {
            Section::Accounts => Connection {
                url: &accounts.url,
                ca: &accounts.ca_file,
                cert: &accounts.cert_file,
                key: &accounts.key_file,
            },
            Section::Sessions => Connection {
                url: &sessions.url,
                ca: &sessions.ca_file,
                cert: &sessions.cert_file,
                key: &sessions.key_file,
            },
            Section::Mail => Connection {
                url: &mail.url,
                ca: &mail.ca_file,
                cert: &mail.cert_file,
                key: &mail.key_file,
            },
            Section::WriteStore => Connection::of(write),
            Section::ExpiringStore => Connection::of(expiring),
            // MongoDB's drivers read the certificate and the key from one file.
            Section::ViewStore => Connection {
                url: &views.url,
                ca: &views.ca_file,
                cert: &views.cert_key_file,
                key: &views.cert_key_file,
            },
        }
    }
}

/// What a section says of a connection.
struct Connection<'a> {
    url: &'a str,
    ca: &'a Option<PathBuf>,
    cert: &'a Option<PathBuf>,
    key: &'a Option<PathBuf>,
}

impl<'a> Connection<'a> {
    fn of(set: &'a super::Url) -> Self {
        Self {
            url: &set.url,
            ca: &set.ca_file,
            cert: &set.cert_file,
            key: &set.key_file,
        }
    }
}

/// A file that a setting names can be read and holds a block of PEM.
fn holds(setting: &str, file: &Option<PathBuf>, block: &str) -> Result<(), SettingsError> {
    let Some(file) = file else {
        return Ok(());
    };
    let held = pem(file).map_err(|why| format!("cannot be read: {why}"));
    let held = held.and_then(|text| match text.contains(block) {
        true => Ok(()),
        false => Err(format!(
            "holds no {}",
            block.trim_end_matches('-').to_lowercase()
        )),
    });
    let file = file.display();
    held.map_err(|why| SettingsError::Bad(format!("{setting} is {file}, which {why}")))
}

fn pem(file: &Path) -> std::io::Result<String> {
    let bytes = fs::read(file)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The parameters behind the question mark of a URL, in lower case.
fn parameters(url: &str) -> impl Iterator<Item = (String, String)> {
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    let parsed = Url::parse(&format!("none:?{parameters}"));
    let pairs: Vec<_> = parsed
        .iter()
        .flat_map(Url::query_pairs)
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_ascii_lowercase()))
        .collect();
    pairs.into_iter()
}

#[cfg(test)]
mod tests;
