//! What is judged alike of every store: where it is, TLS on the way to it, and its clock.

use colloquy_chassis::{Clock as _, Refusal, SettingNames, SystemClock, answer::chain};
use colloquy_credentials::internal_token::LEEWAY_SECONDS;

use super::finding::Finding;
use crate::settings::{SettingsError, addresses::is_this_machine};

/// What to do about what a refusal names.
pub const MEND: &str = "correct that setting, or the server";

const CLOCK_WARNS_AFTER_MS: u64 = 2_000;
const CLOCK_FAILS_AFTER_MS: u64 = LEEWAY_SECONDS.unsigned_abs() * 1_000;

/// The hosts of a store, without what a URL says besides.
pub struct Hosts(Vec<String>);

impl Hosts {
    /// Of `scheme://[user:password@]host[:port][,host[:port]…][/…][?…]`, or of the part behind the scheme.
    pub fn of(url: &str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let hosts = authority
            .rsplit_once('@')
            .map_or(authority, |(_, hosts)| hosts);
        Self(
            hosts
                .split(',')
                .map(|host| host.trim().to_owned())
                .collect(),
        )
    }

    /// An empty host is a socket of this machine.
    pub fn are_this_machine(&self) -> bool {
        self.0.iter().all(|host| {
            let has_port = !host.ends_with(']');
            let name = host.rsplit_once(':').filter(|_| has_port);
            let name = name.map_or(host.as_str(), |(name, _)| name);
            name.is_empty() || is_this_machine(name)
        })
    }
}

impl std::fmt::Display for Hosts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = self.0.join(",");
        f.write_str(if place.is_empty() {
            "a socket of this machine"
        } else {
            &place
        })
    }
}

/// An error with its causes. Drivers say some of them twice.
pub fn why(error: &(dyn std::error::Error + 'static)) -> String {
    let text = chain(error);
    let mut causes: Vec<_> = text.split(": ").collect();
    causes.dedup();
    causes.join(": ")
}

/// A store that is there, when one of the two sides refuses the other: with the setting that a start would name.
pub fn refused(
    check: &'static str,
    place: &impl std::fmt::Display,
    error: &(dyn std::error::Error + 'static),
    names: &SettingNames,
) -> Option<Finding> {
    let advice = Refusal::in_words(&chain(error))?.advice(names);
    let found = format!("{place} is of no use: {advice} ({})", why(error));
    Some(Finding::fail(check, found, MEND))
}

/// A store that is away, or that is refused.
pub fn unusable(
    check: &'static str,
    hosts: &Hosts,
    error: &(dyn std::error::Error + 'static),
    names: &SettingNames,
) -> Finding {
    refused(check, hosts, error, names).unwrap_or_else(|| {
        let why = why(error);
        Finding::fail(
            check,
            format!("{hosts} does not answer or does not let us in: {why}"),
            format!("start it, or correct {}", names.address),
        )
    })
}

/// Whether others can read what goes to a store.
pub fn tls(check: &'static str, hosts: &Hosts, is_encrypted: bool, remedy: &str) -> Finding {
    if is_encrypted {
        return Finding::ok(check, format!("{hosts} is spoken to over TLS"));
    }
    if hosts.are_this_machine() {
        return Finding::ok(check, "not needed: it is on this machine");
    }
    let found = format!(
        "{hosts} is on another machine and is spoken to without TLS, so what is stored travels readable"
    );
    Finding::warn(check, found, remedy)
}

/// How far a store's clock is from this machine's, asked just now.
pub fn clock(check: &'static str, unix_millis: i64) -> Finding {
    compare(check, unix_millis, SystemClock.now().millis())
}

fn compare(check: &'static str, theirs: i64, ours: i64) -> Finding {
    let apart = theirs.abs_diff(ours);
    let side = if theirs > ours { "ahead of" } else { "behind" };
    let seconds = apart / 1_000;
    let found = format!("its clock is {seconds} s {side} this machine's");
    let remedy = "run NTP on both machines";
    match apart {
        CLOCK_FAILS_AFTER_MS.. => Finding::fail(
            check,
            format!(
                "{found}, so tokens between services are refused and times of messages are wrong"
            ),
            remedy,
        ),
        CLOCK_WARNS_AFTER_MS.. => Finding::warn(check, found, remedy),
        _ => Finding::ok(check, "its clock agrees with this machine's"),
    }
}

/// A file of TLS that a start would refuse.
pub fn unreadable(check: &'static str, error: &SettingsError) -> Finding {
    Finding::fail(
        check,
        error.to_string(),
        "correct the file, or name another",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_what_a_url_names_without_its_password() {
        for (url, shown, is_local) in [
            (
                "postgres://app:p@w@127.0.0.1:5432/db?x=/y",
                "127.0.0.1:5432",
                true,
            ),
            (
                "mongodb://a:1,localhost/?replicaSet=r",
                "a:1,localhost",
                false,
            ),
            ("redis://[::1]", "[::1]", true),
            ("redis://[::1]:6379/0", "[::1]:6379", true),
            (
                "postgres:///db?host=/run/postgresql",
                "a socket of this machine",
                true,
            ),
            (
                "kafka-1:9092,kafka-2:9092",
                "kafka-1:9092,kafka-2:9092",
                false,
            ),
        ] {
            let hosts = Hosts::of(url);
            assert_eq!(hosts.to_string(), shown);
            assert_eq!(hosts.are_this_machine(), is_local, "{url}");
        }
    }

    #[test]
    fn a_clock_is_judged_by_what_tokens_between_services_allow() {
        let lines = |theirs| format!("{:?}", compare("redis.clock", theirs, 1_000_000));
        assert!(lines(1_001_999).contains("Ok"));
        assert!(lines(1_002_000).contains("Warn") && lines(995_001).contains("Warn"));
        assert!(lines(994_999).contains("Fail") && lines(994_999).contains("5 s behind"));
    }

    #[test]
    fn no_tls_is_a_warning_only_on_the_way_to_another_machine() {
        let judged = |url, is_encrypted| {
            format!(
                "{:?}",
                tls("redis.tls", &Hosts::of(url), is_encrypted, "use rediss")
            )
        };
        assert!(judged("redis://localhost", false).contains("Ok"));
        assert!(judged("redis://192.0.2.7", true).contains("Ok"));
        assert!(judged("redis://192.0.2.7", false).contains("Warn"));
    }
}
