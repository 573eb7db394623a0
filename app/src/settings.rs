//! Settings: embedded defaults, then a file, then the environment; whole and checked before anything starts.

mod addresses;
mod environment;
mod secrets;
pub mod services;
mod sources;
mod stomp;

use std::{
    collections::HashMap,
    fmt, io,
    path::{Path, PathBuf},
};

use colloquy_chassis::{
    ServiceName,
    client_address::TrustedProxies,
    telemetry::{LogFormat, is_filter},
};
use colloquy_credentials::session_algorithm::Algorithms;
use colloquy_event_log::KafkaSettings;
use colloquy_mail::mail_transport::smtp::TlsMode;
use serde::{Deserialize, Deserializer, de::Error as _};

pub use self::{addresses::Origin, stomp::Stomp};
use self::{
    addresses::{are_brokers, host, is_store},
    sources::Sources,
};

/// The defaults, which are also their documentation.
pub const DEFAULTS: &str = include_str!("../settings.default.toml");

/// Everything that can be set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub log: Log,
    pub http: Http,
    pub chat: Chat,
    pub stomp: Stomp,
    pub accounts: Accounts,
    pub sessions: Sessions,
    pub guesses: Guesses,
    pub expiring_store: Url,
    pub mail: Mail,
    pub write_store: Url,
    pub view_store: ViewStore,
    pub event_log: KafkaSettings,
    pub keys: Keys,
    pub peers: HashMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(Default))]
#[serde(deny_unknown_fields)]
pub struct Http {
    #[serde(deserialize_with = "public_url")]
    pub public_url: Option<Origin>,
    pub allowed_origins: Vec<Origin>,
    pub secure_cookie: bool,
    pub trusted_proxies: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    pub max_content: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    pub url: String,
    pub seed_demo_customers: Option<bool>,
    pub password_length: [usize; 2],
    pub sign_ups_per_hour: u32,
    pub resets_per_hour: u32,
    pub confirms_per_hour: u32,
    pub searches_per_minute: u32,
    pub phone_searches_per_day: u32,
    pub reset_without_ticket: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    pub url: String,
    pub algorithms: Algorithms,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guesses {
    pub per_account: usize,
    pub per_address: usize,
    pub wait_seconds: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    pub from: String,
    pub url: String,
    pub smtp_host: String,
    pub smtp_port: u16,
    pub smtp_tls: TlsMode,
    pub username: String,
    pub password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Url {
    pub url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewStore {
    pub url: String,
    pub database: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub folder: PathBuf,
}

/// A setting, the rule that its value must keep, and whether it does.
pub type Rule = (&'static str, &'static str, bool);

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("cannot read the settings file {0}")]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("bad setting: {0}")]
    Bad(String),
    #[error("bad setting: {setting} {rule}")]
    OutOfRange {
        setting: &'static str,
        rule: &'static str,
    },
    #[error("bad setting: peers.{0} must list at least one address")]
    NoPeer(ServiceName),
    #[error("cannot read the file that {0} names")]
    NoSecret(String, #[source] io::Error),
}

/// Some settings are secrets, and none of them is for a log.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settings")
    }
}

impl Settings {
    /// Loads and checks everything.
    ///
    /// # Errors
    /// A file that is not there, a name that is no setting, a value that does not fit.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        let sources = Sources::read(file)?;
        let mut settings = sources.extract()?;
        settings.check(&sources)?;
        if let Some(host) = host(&settings.mail.smtp_host) {
            settings.mail.smtp_host = host;
        }
        Ok(settings)
    }

    /// The proxies whose word on the client's address is taken.
    ///
    /// # Errors
    /// One is neither an address nor a network.
    pub fn trusted_proxies(&self) -> Result<TrustedProxies, SettingsError> {
        TrustedProxies::parse(&self.http.trusted_proxies)
            .map_err(|error| SettingsError::Bad(format!("http.trusted_proxies: {error}")))
    }

    /// Whether a proxy may be in front whose word on the client's address is not taken: all clients have its address then.
    pub fn clients_may_share_an_address(&self) -> bool {
        self.http.public_url.is_some() && self.http.trusted_proxies.is_empty()
    }

    /// The addresses of a service's instances.
    ///
    /// # Errors
    /// None is set.
    pub fn peers(&self, service: ServiceName) -> Result<&[String], SettingsError> {
        match self.peers.get(service.name()) {
            Some(addresses) if !addresses.is_empty() => Ok(addresses),
            _ => Err(SettingsError::NoPeer(service)),
        }
    }

    fn check(&self, sources: &Sources) -> Result<(), SettingsError> {
        let stomp = self.stomp.rules(self.chat.max_content);
        let rules = self
            .rules()
            .into_iter()
            .chain(self.addresses())
            .chain(stomp);
        for (setting, rule, holds) in rules {
            if !holds {
                return Err(sources.refusal(setting, rule));
            }
        }
        for (service, addresses) in &self.peers {
            let is_peer = |address: &String| {
                let origin = Origin::try_from(address.clone());
                origin.is_ok_and(|origin| origin.is_web()) && address.starts_with("http://")
            };
            if !addresses.iter().all(is_peer) {
                let rule = "must be a list of addresses such as http://192.0.2.5:8083";
                return Err(sources.refusal(&format!("peers.{service}"), rule));
            }
        }
        let proxies = TrustedProxies::parse(&self.http.trusted_proxies);
        proxies
            .map(drop)
            .map_err(|error| sources.refusal("http.trusted_proxies", &format!("{error}")))
    }

    /// Addresses, as far as they can be judged without calling there.
    fn addresses(&self) -> [Rule; 9] {
        const POSTGRES: &str = "must be a URL such as postgres://app@127.0.0.1:5432/chat_db";
        let is_postgres = |url: &str| is_store(url, &["postgres", "postgresql"]);
        let redis = ["redis", "rediss", "redis+unix", "unix", "valkey", "valkeys"];
        let mongodb = ["mongodb", "mongodb+srv"];
        [
            (
                "http.public_url",
                "must begin with http:// or https://",
                self.http.public_url.as_ref().is_none_or(Origin::is_web),
            ),
            ("accounts.url", POSTGRES, is_postgres(&self.accounts.url)),
            ("sessions.url", POSTGRES, is_postgres(&self.sessions.url)),
            ("mail.url", POSTGRES, is_postgres(&self.mail.url)),
            (
                "write_store.url",
                POSTGRES,
                is_postgres(&self.write_store.url),
            ),
            (
                "expiring_store.url",
                "must be a URL such as redis://127.0.0.1:6379",
                is_store(&self.expiring_store.url, &redis),
            ),
            (
                "view_store.url",
                "must be a URL such as mongodb://127.0.0.1:27017",
                is_store(&self.view_store.url, &mongodb),
            ),
            (
                "event_log.brokers",
                "must be host:port[,host:port…]",
                are_brokers(&self.event_log.brokers),
            ),
            (
                "mail.smtp_host",
                "must be a name or an address alone; the port is mail.smtp_port",
                self.mail.smtp_host.is_empty() || host(&self.mail.smtp_host).is_some(),
            ),
        ]
    }

    fn rules(&self) -> [Rule; 11] {
        let [shortest, longest] = self.accounts.password_length;
        let guesses = &self.guesses;
        let is_count = |tries| (1..=1_000_000_000).contains(&tries);
        [
            (
                "log.filter",
                "must be a level such as info, or a list such as info,colloquy_auth=debug",
                is_filter(&self.log.filter),
            ),
            (
                "accounts.password_length",
                "must be [shortest, longest], between 1 and 1024",
                1 <= shortest && shortest <= longest && longest <= 1024,
            ),
            (
                "chat.max_content",
                "must be between 1 and 65536",
                (1..=65_536).contains(&self.chat.max_content),
            ),
            (
                "event_log.partitions",
                "must be between 1 and 1000",
                (1..=1000).contains(&self.event_log.partitions),
            ),
            (
                "event_log.write_retention_ms",
                "must be -1 (forever) or at least 60000",
                is_retention(self.event_log.write_retention_ms),
            ),
            (
                "event_log.announced_retention_ms",
                "must be -1 (forever) or at least 60000",
                is_retention(self.event_log.announced_retention_ms),
            ),
            (
                "event_log.topic_prefix",
                "must be at most 200 of the characters a-z, A-Z, 0-9, `.`, `_` and `-`",
                is_topic_prefix(&self.event_log.topic_prefix),
            ),
            (
                "guesses.per_account",
                "must be between 1 and 1000000000",
                is_count(guesses.per_account),
            ),
            (
                "guesses.per_address",
                "must be between 1 and 1000000000",
                is_count(guesses.per_address),
            ),
            (
                "guesses.wait_seconds",
                "must be between 1 and 86400",
                (1..=86_400).contains(&guesses.wait_seconds),
            ),
            (
                "mail.username",
                "and mail.password must be set together",
                self.mail.username.is_empty() == self.mail.password.is_empty(),
            ),
        ]
    }
}

impl Http {
    /// The hosts of the public address, as clients name them.
    pub fn public_hosts(&self) -> Vec<String> {
        self.public_url
            .as_ref()
            .map(Origin::authorities)
            .unwrap_or_default()
    }

    /// The origins of the settings: the public one, and those of other pages that may call.
    pub fn origins(&self) -> impl Iterator<Item = String> {
        self.public_url
            .iter()
            .chain(&self.allowed_origins)
            .map(Origin::to_string)
    }
}

/// An empty text is none.
fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Origin>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let origin = (!text.is_empty()).then(|| Origin::try_from(text));
    origin.transpose().map_err(D::Error::custom)
}

/// Kafka takes less, but whoever follows a topic would then miss what a short pause delays.
fn is_retention(millis: i64) -> bool {
    millis == -1 || millis >= 60_000
}

/// What Kafka takes in a topic's name, of which 249 characters are allowed.
fn is_topic_prefix(prefix: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    prefix.len() <= 200 && prefix.bytes().all(is_legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_defaults_are_whole() {
        Settings::load(None).unwrap();
    }

    #[test]
    fn decision_15_write_topics_are_kept_for_ever_and_announced_ones_for_a_day_by_default() {
        let settings = Settings::load(None).unwrap();
        assert_eq!(settings.event_log, KafkaSettings::new("127.0.0.1:9092"));
        assert_eq!(settings.event_log.write_retention_ms, -1);
        assert_eq!(settings.event_log.announced_retention_ms, 86_400_000);
    }

    #[test]
    fn decision_15_a_retention_and_a_prefix_are_what_kafka_takes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("colloquy.toml");
        let load = |setting: &str| {
            std::fs::write(&file, format!("[event_log]\n{setting}\n")).unwrap();
            Settings::load(Some(&file)).map(|settings| settings.event_log)
        };
        let set = load(
            "write_retention_ms = 60000\nannounced_retention_ms = -1\ntopic_prefix = \"b.2_c-\"",
        );
        let set = set.unwrap();
        assert_eq!(
            (set.write_retention_ms, set.announced_retention_ms),
            (60_000, -1)
        );
        assert_eq!(set.topic_prefix, "b.2_c-");
        for bad in [
            "write_retention_ms = 59999",
            "write_retention_ms = -2",
            "announced_retention_ms = 0",
            "topic_prefix = \"a b\"",
            "topic_prefix = \"é\"",
        ] {
            let error = load(bad).unwrap_err().to_string();
            let name = bad.split(' ').next().unwrap();
            let told = format!("bad setting: event_log.{name} ");
            assert!(error.starts_with(&told), "{bad}: {error}");
        }
    }

    #[test]
    fn a_name_that_is_no_setting_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("colloquy.toml");
        std::fs::write(&file, "[chat]\nmax_contents = 5\n").unwrap();
        let error = Settings::load(Some(&file)).unwrap_err().to_string();
        assert!(error.contains("max_contents"), "{error}");
    }

    #[test]
    fn a_value_out_of_range_is_refused_with_its_rule() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("colloquy.toml");
        std::fs::write(&file, "[chat]\nmax_content = 0\n").unwrap();
        let error = Settings::load(Some(&file)).unwrap_err().to_string();
        assert_eq!(
            error,
            "bad setting: chat.max_content is 0, and must be between 1 and 65536"
        );
    }
}
