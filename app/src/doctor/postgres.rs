//! PostgreSQL: one database, or one for each of four services.

use colloquy_chassis::{ServiceName, StoreAddress};
use colloquy_sql::{
    StoreError,
    postgres::{self, ServerFacts},
};

use super::{
    finding::Finding,
    store::{Hosts, clock, refused, tls, unreadable, why},
};
use crate::settings::{Settings, stores::Section};

const REACH: &str = "postgres";
const TLS: &str = "postgres.tls";
const RIGHTS: &str = "postgres.rights";
const CLOCK: &str = "postgres.clock";
/// The oldest release that still gets corrections.
const OLDEST: i32 = 140_000;

/// What a service keeps in PostgreSQL.
pub struct Store {
    pub setting: &'static str,
    pub service: ServiceName,
    pub tables: &'static [&'static str],
}

/// Every table of this version, by who keeps it.
pub const STORES: [Store; 4] = [
    Store {
        setting: "accounts.url",
        service: ServiceName::Customer,
        tables: &[
            "customers",
            "session_endings",
            "customer_rate_limits",
            "clock_readings",
        ],
    },
    Store {
        setting: "sessions.url",
        service: ServiceName::Auth,
        tables: &[
            "revocations",
            "revocation_log",
            "revocation_readers",
            "auth_rate_limits",
            "known_places",
            "clock_readings",
        ],
    },
    Store {
        setting: "mail.url",
        service: ServiceName::Mail,
        tables: &["mail_queue", "clock_readings"],
    },
    Store {
        setting: "write_store.url",
        service: ServiceName::ChatCommand,
        tables: &[
            "rooms",
            "room_participants",
            "messages",
            "ids",
            "idempotency",
            "outbox",
            "relay_lease",
            "clock_readings",
        ],
    },
];

/// One database, and what is kept there.
struct Place {
    address: StoreAddress,
    /// The first section that leads there.
    section: Section,
    settings: Vec<&'static str>,
    tables: Vec<&'static str>,
}

pub async fn check(settings: &Settings, service: Option<ServiceName>) -> Vec<Finding> {
    let (places, mut findings) = places(settings, service);
    for place in places {
        findings.extend(look(place).await);
    }
    findings
}

/// Services that reach a database in the same way are looked at once. The findings are about files of TLS.
fn places(settings: &Settings, service: Option<ServiceName>) -> (Vec<Place>, Vec<Finding>) {
    let (mut places, mut findings) = (Vec::<Place>::new(), Vec::new());
    for store in STORES {
        if service.is_some_and(|service| service != store.service) {
            continue;
        }
        let section = match store.service {
            ServiceName::Customer => Section::Accounts,
            ServiceName::Auth => Section::Sessions,
            ServiceName::Mail => Section::Mail,
            _ => Section::WriteStore,
        };
        let address = match settings.store(section) {
            Ok(address) => address,
            Err(error) => {
                findings.push(unreadable(REACH, &error));
                continue;
            }
        };
        let known = places.iter().position(|place| place.address == address);
        let at = known.unwrap_or_else(|| {
            places.push(Place {
                address,
                section,
                settings: Vec::new(),
                tables: Vec::new(),
            });
            places.len() - 1
        });
        places[at].settings.push(store.setting);
        let known = &mut places[at].tables;
        known.extend(store.tables);
        known.sort_unstable();
        known.dedup();
    }
    (places, findings)
}

async fn look(place: Place) -> Vec<Finding> {
    let Place {
        address, tables, ..
    } = place;
    let (hosts, names) = (Hosts::of(&address.url), place.settings.join(", "));
    let asked = async {
        let pool = postgres::pool(address, 1)?;
        let facts = postgres::facts(&pool, &tables).await?;
        pool.close().await;
        Ok::<_, StoreError>(facts)
    };
    let error = match asked.await {
        Ok(facts) => return judge(&facts, &hosts, &names).into(),
        Err(error) => error,
    };
    let at = format!("{hosts} ({names})");
    vec![
        refused(REACH, &at, &error, &place.section.names()).unwrap_or_else(|| {
            if error.is_locked_out() {
                return Finding::fail(
                    REACH,
                    format!("{hosts} does not let us in ({names}): {}", refusal(&error)),
                    "correct user, password or database of the URL, or the server's pg_hba.conf",
                );
            }
            Finding::fail(
                REACH,
                format!("{hosts} does not answer ({names}): {}", why(&error)),
                "start it, or correct the URL",
            )
        }),
    ]
}

fn judge(facts: &ServerFacts, hosts: &Hosts, names: &str) -> [Finding; 4] {
    // Distributions add their own name and version behind it.
    let version = facts.version.split(' ').next().unwrap_or_default();
    let found = format!("PostgreSQL {version} at {hosts} ({names})");
    let reach = if facts.version_number < OLDEST {
        Finding::warn(
            REACH,
            format!("{found} is older than what is tested"),
            "upgrade it to 15 or later",
        )
    } else {
        Finding::ok(REACH, found)
    };
    let remedy = "add ?sslmode=verify-full to the URL";
    [
        reach,
        tls(TLS, hosts, facts.is_encrypted, remedy),
        rights(facts, hosts),
        clock(CLOCK, facts.unix_millis),
    ]
}

/// The server's own words, without the line of its source that wrote them.
fn refusal(error: &StoreError) -> String {
    match error {
        StoreError::Unavailable(sqlx::Error::Database(refusal)) => refusal.message().to_owned(),
        other => why(other),
    }
}

fn rights(facts: &ServerFacts, hosts: &Hosts) -> Finding {
    if facts.only_reads {
        return Finding::fail(
            RIGHTS,
            format!("{hosts} only reads, as a standby does, so nothing can be stored"),
            "name the primary in the URL",
        );
    }
    if !facts.refused.is_empty() {
        return Finding::fail(
            RIGHTS,
            format!("the role may not use {}", facts.refused.join(", ")),
            "grant it SELECT, INSERT, UPDATE and DELETE (of a sequence USAGE), or make it the owner",
        );
    }
    let missing = facts.missing.join(", ");
    if missing.is_empty() {
        return Finding::ok(RIGHTS, "the role may read and change every table");
    }
    if facts.may_create {
        let found = format!("the role may make what is not there yet: {missing}");
        return Finding::ok(RIGHTS, found);
    }
    Finding::fail(
        RIGHTS,
        format!("the role may not make what is not there yet: {missing}"),
        "GRANT CREATE ON SCHEMA public, or run `colloquy migrate` as a role that may",
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_database_that_is_reached_with_other_files_of_tls_is_looked_at_again() {
        let folder = tempfile::tempdir().unwrap();
        let [ca, file] = ["ca.pem", "colloquy.toml"].map(|name| folder.path().join(name));
        fs::write(&file, format!("[sessions]\nca_file = {ca:?}\n")).unwrap();
        let settings = Settings::load(Some(&file)).unwrap();
        let looked_at = || {
            let (places, findings) = places(&settings, None);
            let of = places.into_iter().map(|place| place.settings.join(" "));
            (of.collect::<Vec<_>>(), findings.len())
        };
        let others = "accounts.url mail.url write_store.url".to_owned();
        assert_eq!(looked_at(), (vec![others.clone()], 1));
        fs::write(&ca, "-----BEGIN CERTIFICATE-----").unwrap();
        assert_eq!(looked_at(), (vec![others, "sessions.url".to_owned()], 0));
    }
}
