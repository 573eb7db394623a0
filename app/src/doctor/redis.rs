//! Redis: codes, presence, typing.

use colloquy_chassis::ServiceName;
use colloquy_expiring_store::expiring_store::redis::{RedisFacts, RedisSettings};

use super::{
    finding::Finding,
    store::{Hosts, clock, tls, unreadable, unusable},
};
use crate::settings::{Settings, stores::Section};

const REACH: &str = "redis";
const SHOW_INFO: &str = "let the user ask: +info";
const TLS: &str = "redis.tls";
const RIGHTS: &str = "redis.rights";
const MEMORY: &str = "redis.memory";
const NOTICES: &str = "redis.notices";
const CLOCK: &str = "redis.clock";
const OLDEST: [u32; 2] = [6, 2];

pub async fn check(settings: &Settings, service: Option<ServiceName>) -> Vec<Finding> {
    use ServiceName::{ChatQuery, Customer, Otp, Websocket};
    if service.is_some_and(|one| ![ChatQuery, Customer, Otp, Websocket].contains(&one)) {
        return Vec::new();
    }
    let url = &settings.expiring_store.url;
    let hosts = Hosts::of(url);
    let address = match settings.store(Section::ExpiringStore) {
        Ok(address) => address,
        Err(error) => return vec![unreadable(REACH, &error)],
    };
    let asked = RedisFacts::of(RedisSettings {
        address,
        key_prefix: String::new(),
    });
    match asked.await {
        Ok(facts) => judge(&facts, &hosts, url).into(),
        Err(error) => vec![unusable(
            REACH,
            &hosts,
            &error,
            &Section::ExpiringStore.names(),
        )],
    }
}

fn judge(facts: &RedisFacts, hosts: &Hosts, url: &str) -> [Finding; 6] {
    let found = format!("Redis {} at {hosts}", facts.version);
    let reach = if facts.version.is_empty() {
        let found = format!("Redis at {hosts} does not show its version");
        Finding::warn(REACH, found, SHOW_INFO)
    } else if is_old(&facts.version) {
        let found = format!("{found} is older than 6.2, which codes need");
        Finding::fail(REACH, found, "upgrade it")
    } else {
        Finding::ok(REACH, found)
    };
    let is_encrypted = ["rediss://", "valkeys://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    let rights = match &facts.refusal {
        None => Finding::ok(RIGHTS, "the user may run scripts and write"),
        Some(refusal) => Finding::fail(
            RIGHTS,
            format!("codes and presence cannot be stored: {refusal}"),
            "name the primary, and give the user ~* &* +@all or what it lacks",
        ),
    };
    let memory = match facts.eviction.as_str() {
        "noeviction" => Finding::ok(MEMORY, "nothing is thrown away when it is full"),
        "" => Finding::warn(MEMORY, "it does not show its maxmemory-policy", SHOW_INFO),
        other => Finding::warn(
            MEMORY,
            format!("maxmemory-policy is {other}, so codes vanish when it is full"),
            "set it to noeviction",
        ),
    };
    let notices = match facts.announces_expiry {
        Some(true) => Finding::ok(NOTICES, "keys that expire are announced"),
        Some(false) => Finding::ok(NOTICES, "off until the first service switches them on"),
        None => Finding::warn(
            NOTICES,
            "it does not show whether keys that expire are announced, which presence needs",
            "set notify-keyspace-events KEx in its configuration",
        ),
    };
    let encrypted = tls(TLS, hosts, is_encrypted, "use a rediss:// URL");
    [
        reach,
        encrypted,
        rights,
        memory,
        notices,
        clock(CLOCK, facts.unix_millis),
    ]
}

fn is_old(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    let found = [numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)];
    found < OLDEST
}

#[cfg(test)]
mod tests {
    use super::is_old;

    #[test]
    fn a_version_is_compared_by_its_numbers() {
        assert!(is_old("5.0.14") && is_old("6.0.16"));
        assert!(!is_old("6.2.0") && !is_old("7.0.15") && !is_old("10.1"));
    }
}
