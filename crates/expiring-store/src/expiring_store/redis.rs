//! Redis: values as strings, sets as sorted sets whose scores are the instants at which members' times are over.
//!
//! Needs Redis 6.2 or newer (`SET … PXAT`) with keyspace notifications of expired keys (`notify-keyspace-events Ex`),
//! which are switched on if they are off. A set's key expires with its longest-living member.

mod facts;
mod follow;
mod scripts;

use std::{fs, path::Path, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use colloquy_chassis::{StoreAddress, Tasks, TlsFiles};
use redis::{
    Client, ClientTlsConfig, Cmd, ConnectionInfo, FromRedisValue, IntoConnectionInfo as _,
    RedisError, TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig},
    cmd,
    io::tcp::TcpSettings,
};
use tokio::{sync::watch, time::timeout};

use super::{
    Entry, ExpiringStore, ExpiringStoreError, MIN_TTL, Set,
    watch::{Notices, Watch},
};

pub use self::facts::RedisFacts;

/// No call takes longer, whatever Redis does.
const CALL_TIMEOUT: Duration = Duration::from_millis(1500);
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Where Redis is, and which part of it is ours.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// `redis://[user:password@]host:port[/database]`, with TLS `rediss://`.
    pub address: StoreAddress,
    /// Begins every key and channel; empty for the names of the contract. Two systems on one server need two
    /// prefixes: another database number does not keep their notices apart.
    pub key_prefix: String,
}

/// The distributed store. Cheap to clone.
#[derive(Clone)]
pub struct RedisExpiringStore {
    connection: ConnectionManager,
    names: Names,
    notices: Notices,
    subscribed: watch::Receiver<bool>,
}

impl RedisExpiringStore {
    /// The store at this address. Nothing is waited for: calls fail while Redis is away.
    ///
    /// # Errors
    /// The URL does not parse, or a file of its TLS cannot be used.
    pub fn start(settings: RedisSettings, tasks: &Tasks) -> Result<Self, ExpiringStoreError> {
        let client = client(&settings)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        let connection =
            ConnectionManager::new_lazy_with_config(client.clone(), config).map_err(failed)?;
        let (report_subscribed, subscribed) = watch::channel(false);
        let store = Self {
            connection,
            names: Names(settings.key_prefix),
            notices: Notices::default(),
            subscribed,
        };
        let follower = follow::Follower {
            client,
            names: store.names.clone(),
            notices: store.notices.clone(),
            subscribed: report_subscribed,
        };
        let stopping = tasks.clone();
        tasks.spawn_vital("redis notices", async move {
            tokio::select! {
                () = stopping.stopping() => {}
                () = follower.run() => {}
            }
        });
        Ok(store)
    }

    /// Asks Redis whether it is there, within the time of any call.
    ///
    /// # Errors
    /// None comes.
    pub async fn reach(&self) -> Result<(), ExpiringStoreError> {
        self.ask(&cmd("PING")).await
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, ExpiringStoreError> {
        let mut connection = self.connection.clone();
        let answered = timeout(CALL_TIMEOUT, async {
            match command.query_async(&mut connection).await {
                // Refused when the manager last tried, perhaps long ago; nothing was sent, and now it tries anew.
                Err(error) if error.is_connection_refusal() => {
                    command.query_async(&mut connection).await
                }
                answer => answer,
            }
        });
        match answered.await {
            Ok(answer) => answer.map_err(failed),
            Err(elapsed) => Err(ExpiringStoreError::Unavailable(elapsed.into())),
        }
    }

    /// A script about one key and its marker, if it has one: it runs as a whole, by Redis' own clock.
    fn script<'a>(&self, script: &str, key: impl Into<Set<'a>>) -> Cmd {
        let set = key.into();
        let keys = [Some(set.key), set.marker].map(|key| key.map(|key| self.names.key(key)));
        let mut command = cmd("EVAL");
        command.arg(script).arg(keys.iter().flatten().count());
        command.arg(keys.as_slice());
        command
    }
}

#[async_trait]
impl ExpiringStore for RedisExpiringStore {
    async fn put(&self, key: &str, value: Bytes, ttl: Duration) -> Result<(), ExpiringStoreError> {
        let mut set = cmd("SET");
        set.arg(self.names.key(key)).arg(&value[..]);
        self.ask(set.arg("PX").arg(millis(ttl))).await
    }

    async fn put_if_absent(
        &self,
        key: &str,
        value: Bytes,
        ttl: Duration,
    ) -> Result<bool, ExpiringStoreError> {
        let mut set = cmd("SET");
        set.arg(self.names.key(key)).arg(&value[..]).arg("NX");
        let done: Option<String> = self.ask(set.arg("PX").arg(millis(ttl))).await?;
        Ok(done.is_some())
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, ExpiringStoreError> {
        let entry: Option<(Bytes, u64)> = self.ask(&self.script(scripts::GET, key)).await?;
        Ok(entry.map(|(value, remaining)| Entry {
            value,
            remaining: Duration::from_millis(remaining),
        }))
    }

    async fn take_if(&self, key: &str, value: &[u8]) -> Result<bool, ExpiringStoreError> {
        self.ask(self.script(scripts::TAKE_IF, key).arg(value))
            .await
    }

    async fn delete(&self, key: &str) -> Result<bool, ExpiringStoreError> {
        self.ask(cmd("DEL").arg(self.names.key(key))).await
    }

    async fn count(&self, key: &str, ttl: Duration) -> Result<u64, ExpiringStoreError> {
        self.ask(self.script(scripts::COUNT, key).arg(millis(ttl)))
            .await
    }

    async fn join(
        &self,
        set: Set<'_>,
        member: &str,
        ttl: Duration,
    ) -> Result<(), ExpiringStoreError> {
        let mut join = self.script(scripts::JOIN, set);
        join.arg(member).arg(self.names.channel(set.key));
        join.arg(millis(ttl)).arg(set.repeats_occupied);
        self.ask(&join).await
    }

    async fn leave(&self, set: Set<'_>, member: &str) -> Result<(), ExpiringStoreError> {
        let mut leave = self.script(scripts::LEAVE, set);
        leave.arg(member).arg(self.names.channel(set.key));
        self.ask(&leave).await
    }

    async fn members(&self, set: &str) -> Result<Vec<String>, ExpiringStoreError> {
        let mut members: Vec<String> = self.ask(&self.script(scripts::MEMBERS, set)).await?;
        members.sort();
        Ok(members)
    }

    async fn watch(&self) -> Result<Watch, ExpiringStoreError> {
        let watch = self.notices.watch();
        let mut subscribed = self.subscribed.clone();
        match timeout(CALL_TIMEOUT, subscribed.wait_for(|subscribed| *subscribed)).await {
            Ok(Ok(_)) => Ok(watch),
            Ok(Err(stopped)) => Err(ExpiringStoreError::Unavailable(stopped.into())),
            Err(elapsed) => Err(ExpiringStoreError::Unavailable(elapsed.into())),
        }
    }
}

/// Nothing is connected yet.
fn client(settings: &RedisSettings) -> Result<Client, ExpiringStoreError> {
    let StoreAddress { url, tls } = &settings.address;
    let info = url.as_str().into_connection_info().map_err(failed)?;
    let tcp = limited(info.tcp_settings().clone().set_nodelay(true));
    protected(info.set_tcp_settings(tcp), tls)
}

/// Our names as Redis has them. The prefix of channels is not that of keys, so that one pattern names all of them.
#[derive(Clone)]
struct Names(String);

/// Begins the channels on which the scripts publish whether a set has members.
const CHANNEL: &str = "set:";

impl Names {
    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.0)
    }

    fn channel(&self, set: &str) -> String {
        format!("{}{CHANNEL}{set}", self.0)
    }

    fn own_key<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(&self.0)
    }

    fn own_set<'a>(&self, channel: &'a str) -> Option<&'a str> {
        self.own_key(channel)?.strip_prefix(CHANNEL)
    }

    /// The pattern of all our channels, the prefix taken literally.
    fn all_channels(&self) -> String {
        let mut pattern = String::new();
        for character in self.0.chars() {
            if r"*?[]^\".contains(character) {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern + CHANNEL + "*"
    }
}

/// A client that believes the authorities of the file, or those of this machine where there is none.
fn protected(info: ConnectionInfo, tls: &TlsFiles) -> Result<Client, ExpiringStoreError> {
    if tls.is_empty() {
        return Client::open(info).map_err(failed);
    }
    let read = |path: &Path| fs::read(path).map_err(|error| failed(error.into()));
    let root_cert = tls.ca.as_deref().map(read).transpose()?;
    let identity = tls.identity.as_ref().map(|identity| {
        Ok::<_, ExpiringStoreError>(ClientTlsConfig {
            client_cert: read(&identity.cert)?,
            client_key: read(&identity.key)?,
        })
    });
    let files = TlsCertificates {
        client_tls: identity.transpose()?,
        root_cert,
    };
    Client::build_with_tls(info, files).map_err(failed)
}

fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.max(MIN_TTL).as_millis()).unwrap_or(u64::MAX)
}

fn failed(error: RedisError) -> ExpiringStoreError {
    let text = error.to_string();
    if text.contains("WRONGTYPE") || text.contains("not an integer") {
        return ExpiringStoreError::WrongKind;
    }
    ExpiringStoreError::Unavailable(error.into())
}

/// A peer that vanished without a word is noticed by what it does not acknowledge.
#[cfg(target_os = "linux")]
fn limited(tcp: TcpSettings) -> TcpSettings {
    tcp.set_user_timeout(2 * RESPONSE_TIMEOUT)
}

#[cfg(not(target_os = "linux"))]
fn limited(tcp: TcpSettings) -> TcpSettings {
    tcp
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn a_prefix_is_taken_literally_in_patterns_and_cut_from_names() {
        let names = Names("a*[b]:".to_owned());
        assert_eq!(names.all_channels(), r"a\*\[b\]:set:*");
        assert_eq!(names.own_set(&names.channel("x")), Some("x"));
        assert_eq!(names.own_key(&names.key("x")), Some("x"));
        assert_eq!(names.own_key("other"), None);
        assert_eq!(names.own_set("a*[b]:x"), None);
    }
}
