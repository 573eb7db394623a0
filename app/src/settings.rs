//! Settings: embedded defaults, then a file, then the environment; whole and checked before anything starts.

pub mod addresses;
mod environment;
mod rules;
mod secrets;
pub mod services;
mod sources;
mod stomp;
pub mod stores;

use std::{
    collections::HashMap,
    fmt, io,
    path::{Path, PathBuf},
};

use colloquy_chassis::{
    ServiceName, client_address::TrustedProxies, store_address::optional_file, telemetry::LogFormat,
};
use colloquy_credentials::session_algorithm::Algorithms;
use colloquy_event_log::KafkaSettings;
use colloquy_mail::mail_transport::smtp::TlsMode;
use serde::{Deserialize, Deserializer, de::Error as _};

pub use self::{addresses::Origin, stomp::Stomp};
use self::{addresses::host, sources::Sources};

/// The defaults, which are also their documentation.
pub const DEFAULTS: &str = include_str!("../settings.default.toml");

/// Everything that can be set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub log: Log,
    pub telemetry: Telemetry,
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
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    pub otlp_endpoint: String,
    pub sample_ratio: f64,
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
    pub show_flow: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    pub url: String,
    #[serde(deserialize_with = "optional_file")]
    pub ca_file: Option<PathBuf>,
    #[serde(deserialize_with = "optional_file")]
    pub cert_file: Option<PathBuf>,
    #[serde(deserialize_with = "optional_file")]
    pub key_file: Option<PathBuf>,
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
    #[serde(deserialize_with = "optional_file")]
    pub ca_file: Option<PathBuf>,
    #[serde(deserialize_with = "optional_file")]
    pub cert_file: Option<PathBuf>,
    #[serde(deserialize_with = "optional_file")]
    pub key_file: Option<PathBuf>,
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
    #[serde(deserialize_with = "optional_file")]
    pub ca_file: Option<PathBuf>,
    #[serde(deserialize_with = "optional_file")]
    pub cert_file: Option<PathBuf>,
    #[serde(deserialize_with = "optional_file")]
    pub key_file: Option<PathBuf>,
    pub smtp_host: String,
    pub smtp_port: u16,
    pub smtp_tls: TlsMode,
    #[serde(deserialize_with = "optional_file")]
    pub smtp_ca_file: Option<PathBuf>,
    pub username: String,
    pub password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Url {
    pub url: String,
    #[serde(deserialize_with = "optional_file")]
    pub ca_file: Option<PathBuf>,
    #[serde(deserialize_with = "optional_file")]
    pub cert_file: Option<PathBuf>,
    #[serde(deserialize_with = "optional_file")]
    pub key_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewStore {
    pub url: String,
    pub database: String,
    #[serde(deserialize_with = "optional_file")]
    pub ca_file: Option<PathBuf>,
    #[serde(deserialize_with = "optional_file")]
    pub cert_key_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub folder: PathBuf,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("cannot read the settings file {0}")]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("bad setting: {0}")]
    Bad(String),
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

    /// The proxies whose `X-Forwarded-For` is believed.
    ///
    /// # Errors
    /// One is neither an address nor a network.
    pub fn trusted_proxies(&self) -> Result<TrustedProxies, SettingsError> {
        TrustedProxies::parse(&self.http.trusted_proxies)
            .map_err(|error| SettingsError::Bad(format!("http.trusted_proxies: {error}")))
    }

    /// Whether a proxy may be in front that is not trusted: all clients have its address then.
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
            _ => Err(SettingsError::Bad(format!(
                "peers.{service} must list at least one address"
            ))),
        }
    }

    fn check(&self, sources: &Sources) -> Result<(), SettingsError> {
        if let Some(broken) = self.rules().find(|rule| !rule.is_kept) {
            return Err(sources.refusal(&broken.setting, &broken.text));
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
        services::mail(self)?;
        let proxies = TrustedProxies::parse(&self.http.trusted_proxies);
        proxies
            .map(drop)
            .map_err(|error| sources.refusal("http.trusted_proxies", &format!("{error}")))
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
            let expected = format!("bad setting: event_log.{name} ");
            assert!(error.starts_with(&expected), "{bad}: {error}");
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
