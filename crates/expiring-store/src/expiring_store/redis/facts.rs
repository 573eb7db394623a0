//! What Redis says of itself and of what it lets us do. Nothing is made or changed.

use redis::{FromRedisValue, RedisError, aio::MultiplexedConnection, cmd};
use tokio::time::timeout;

use super::{
    CALL_TIMEOUT, Names, RedisSettings, client, failed,
    follow::{EVENTS, completed},
};
use crate::expiring_store::ExpiringStoreError;

/// Deletes a key that nothing makes: it needs the right to run scripts and to write, and a server that is no replica.
const HARMLESS: &str = "return redis.call('DEL', KEYS[1])";
const NO_KEY: &str = "doctor:nothing";

/// A Redis server, as the user of the URL finds it.
#[derive(Clone, Debug)]
pub struct RedisFacts {
    /// Its version, such as `7.0.15`; empty if it does not let us know.
    pub version: String,
    /// Its wall clock, in milliseconds since 1970.
    pub unix_millis: i64,
    /// What it throws away when its memory is full; `noeviction` if nothing, empty if it does not let us know.
    pub eviction: String,
    /// Why it does not let us write, if it does not.
    pub refusal: Option<String>,
    /// Whether it announces keys that expire; `None` if it does not let us know.
    pub announces_expiry: Option<bool>,
}

impl RedisFacts {
    /// Asks the server of the settings.
    ///
    /// # Errors
    /// It is away, does not answer in time, or does not let us in.
    pub async fn of(settings: RedisSettings) -> Result<Self, ExpiringStoreError> {
        let client = client(&settings)?;
        let asked = timeout(2 * CALL_TIMEOUT, async {
            let mut connection = client.get_multiplexed_async_connection().await?;
            ask(&mut connection, &Names(settings.key_prefix)).await
        });
        match asked.await {
            Ok(facts) => facts.map_err(failed),
            Err(elapsed) => Err(ExpiringStoreError::Unavailable(elapsed.into())),
        }
    }
}

async fn ask(
    connection: &mut MultiplexedConnection,
    names: &Names,
) -> Result<RedisFacts, RedisError> {
    let info: Option<String> = optional(cmd("INFO").query_async(connection).await)?;
    let info = info.unwrap_or_default();
    let mut write = cmd("EVAL");
    write.arg(HARMLESS).arg(1).arg(names.key(NO_KEY));
    let written: Result<u64, RedisError> = write.query_async(connection).await;
    let mut events = cmd("CONFIG");
    events.arg("GET").arg(EVENTS);
    let events: Option<(String, String)> = optional(events.query_async(connection).await)?;
    let (seconds, micros): (i64, i64) = cmd("TIME").query_async(connection).await?;
    Ok(RedisFacts {
        version: field(&info, "redis_version"),
        unix_millis: seconds * 1_000 + micros / 1_000,
        eviction: field(&info, "maxmemory_policy"),
        refusal: written.err().map(|error| error.to_string()),
        announces_expiry: events.map(|(_, events)| completed(&events).is_none()),
    })
}

/// A server that refuses a command to us answers; others do not.
fn optional<T: FromRedisValue>(answer: Result<T, RedisError>) -> Result<Option<T>, RedisError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_io_error() => Err(error),
        Err(_refused) => Ok(None),
    }
}

/// The value of `name:value` in the lines of INFO.
fn field(info: &str, name: &str) -> String {
    let value = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(':')?.to_owned());
    info.lines().find_map(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn a_field_of_info_is_found_by_its_whole_name() {
        let info = "# Server\r\nredis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\n";
        assert_eq!(field(info, "redis_version"), "7.0.15");
        assert_eq!(field(info, "maxmemory_policy"), "noeviction");
        assert_eq!(field(info, "maxmemory"), "");
    }
}
