//! The rules that the values of settings keep, as far as they can be judged before anything starts.

use std::{borrow::Cow, fmt::Display};

use colloquy_chassis::{spans::otlp, telemetry::is_filter};

use super::{
    Origin, Settings,
    addresses::{are_brokers, host, is_store},
};

/// A setting, the rule of its value, and whether the value keeps it.
pub struct Rule {
    pub setting: Cow<'static, str>,
    pub text: Cow<'static, str>,
    pub is_kept: bool,
}

impl Rule {
    pub fn new(
        setting: impl Into<Cow<'static, str>>,
        text: impl Into<Cow<'static, str>>,
        is_kept: bool,
    ) -> Self {
        Self {
            setting: setting.into(),
            text: text.into(),
            is_kept,
        }
    }

    /// The value is at least `least` and at most `most`.
    pub fn between<T: Copy + Display + PartialOrd>(
        setting: &'static str,
        value: T,
        [least, most]: [T; 2],
    ) -> Self {
        Self {
            setting: setting.into(),
            text: format!("must be between {least} and {most}").into(),
            is_kept: least <= value && value <= most,
        }
    }
}

impl Settings {
    /// The rules of every setting, in the order in which they are checked.
    pub fn rules(&self) -> impl Iterator<Item = Rule> {
        let stomp = self.stomp.rules(self.chat.max_content);
        self.values()
            .into_iter()
            .chain(self.addresses())
            .chain(self.protections())
            .chain(stomp)
    }

    fn values(&self) -> [Rule; 13] {
        const RETENTION: &str = "must be -1 (forever) or at least 60000";
        let [shortest, longest] = self.accounts.password_length;
        let (guesses, log, mail) = (&self.guesses, &self.event_log, &self.mail);
        let telemetry = &self.telemetry;
        [
            Rule::new(
                "log.filter",
                "must be a level such as info, or a list such as info,colloquy_auth=debug",
                is_filter(&self.log.filter),
            ),
            Rule::new(
                "telemetry.otlp_endpoint",
                "must be an address such as http://127.0.0.1:4318; TLS is for an agent beside the process",
                telemetry.otlp_endpoint.is_empty()
                    || otlp::address(&telemetry.otlp_endpoint).is_ok(),
            ),
            Rule::between("telemetry.sample_ratio", telemetry.sample_ratio, [0.0, 1.0]),
            Rule::new(
                "accounts.password_length",
                "must be [shortest, longest], between 1 and 1024",
                1 <= shortest && shortest <= longest && longest <= 1024,
            ),
            Rule::between("chat.max_content", self.chat.max_content, [1, 65_536]),
            Rule::between("event_log.partitions", log.partitions, [1, 1000]),
            Rule::new(
                "event_log.write_retention_ms",
                RETENTION,
                is_retention(log.write_retention_ms),
            ),
            Rule::new(
                "event_log.announced_retention_ms",
                RETENTION,
                is_retention(log.announced_retention_ms),
            ),
            Rule::new(
                "event_log.topic_prefix",
                "must be at most 200 of the characters a-z, A-Z, 0-9, `.`, `_` and `-`",
                is_topic_prefix(&log.topic_prefix),
            ),
            Rule::between("guesses.per_account", guesses.per_account, [1, BILLION]),
            Rule::between("guesses.per_address", guesses.per_address, [1, BILLION]),
            Rule::between("guesses.wait_seconds", guesses.wait_seconds, [1, 86_400]),
            Rule::new(
                "mail.username",
                "must be set together with mail.password",
                mail.username.is_empty() == mail.password.is_empty(),
            ),
        ]
    }

    fn addresses(&self) -> [Rule; 9] {
        let postgres = |setting, url| {
            Rule::new(
                setting,
                "must be a URL such as postgres://app@127.0.0.1:5432/chat_db",
                is_store(url, &["postgres", "postgresql"]),
            )
        };
        let redis = ["redis", "rediss", "redis+unix", "unix", "valkey", "valkeys"];
        let mongodb = ["mongodb", "mongodb+srv"];
        [
            Rule::new(
                "http.public_url",
                "must begin with http:// or https://",
                self.http.public_url.as_ref().is_none_or(Origin::is_web),
            ),
            postgres("accounts.url", &self.accounts.url),
            postgres("sessions.url", &self.sessions.url),
            postgres("mail.url", &self.mail.url),
            postgres("write_store.url", &self.write_store.url),
            Rule::new(
                "expiring_store.url",
                "must be a URL such as redis://127.0.0.1:6379",
                is_store(&self.expiring_store.url, &redis),
            ),
            Rule::new(
                "view_store.url",
                "must be a URL such as mongodb://127.0.0.1:27017",
                is_store(&self.view_store.url, &mongodb),
            ),
            Rule::new(
                "event_log.brokers",
                "must be host:port[,host:port…]",
                are_brokers(&self.event_log.brokers),
            ),
            Rule::new(
                "mail.smtp_host",
                "must be a name or an address alone; the port is mail.smtp_port",
                self.mail.smtp_host.is_empty() || host(&self.mail.smtp_host).is_some(),
            ),
        ]
    }
}

const BILLION: usize = 1_000_000_000;

/// Kafka takes less, but a follower of a topic would then miss what a short pause delays.
fn is_retention(millis: i64) -> bool {
    millis == -1 || millis >= 60_000
}

/// Whether Kafka takes the prefix in a topic's name, of which 249 characters are allowed.
fn is_topic_prefix(prefix: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    prefix.len() <= 200 && prefix.bytes().all(is_legal)
}
