//! The embedded store's keys, and the order in which they expire. Knows no lock and reads no clock.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{ExpiringStoreError, Set};

/// The value of a set's marker.
const MARKER: Bytes = Bytes::from_static(b"1");

/// The members of a set, each with the instant at which their time is over; sorted by name.
pub(super) type Members = BTreeMap<String, Instant>;

/// Every key. Expired ones are popped before each use.
#[derive(Default)]
pub(super) struct Keyspace {
    entries: HashMap<String, Stored>,
    queue: BTreeSet<(Instant, String)>,
}

struct Stored {
    content: Content,
    expires_at: Instant,
}

enum Content {
    Value(Bytes),
    Members(Members),
}

impl Keyspace {
    /// Removes one key whose time is over at `now`, the oldest first.
    pub(super) fn pop_expired(&mut self, now: Instant) -> Option<String> {
        let (expires_at, _) = self.queue.first()?;
        if *expires_at > now {
            return None;
        }
        let (_, key) = self.queue.pop_first()?;
        self.entries.remove(&key);
        Some(key)
    }

    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    pub(super) fn contains(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    pub(super) fn put(&mut self, key: &str, value: Bytes, expires_at: Instant) {
        self.store(key, Content::Value(value), expires_at);
    }

    pub(super) fn value(&self, key: &str) -> Result<Option<(&Bytes, Instant)>, ExpiringStoreError> {
        match self.entries.get(key) {
            None => Ok(None),
            Some(Stored {
                content: Content::Value(value),
                expires_at,
            }) => Ok(Some((value, *expires_at))),
            Some(_) => Err(ExpiringStoreError::WrongKind),
        }
    }

    pub(super) fn count(
        &mut self,
        key: &str,
        expires_at: Instant,
    ) -> Result<u64, ExpiringStoreError> {
        let (count, expires_at) = match self.value(key)? {
            None => (1, expires_at),
            Some((value, expires_at)) => (counted(value)? + 1, expires_at),
        };
        self.put(key, count.to_string().into(), expires_at);
        Ok(count)
    }

    /// The members whose time is not over at `now`.
    pub(super) fn members(&self, set: &str, now: Instant) -> Result<Members, ExpiringStoreError> {
        match self.entries.get(set).map(|entry| &entry.content) {
            None => Ok(Members::new()),
            Some(Content::Value(_)) => Err(ExpiringStoreError::WrongKind),
            Some(Content::Members(members)) => Ok(members
                .iter()
                .filter(|(_, until)| **until > now)
                .map(|(member, until)| (member.clone(), *until))
                .collect()),
        }
    }

    /// The set and its marker live as long as its longest-living member; without any they are not there.
    pub(super) fn set_members(&mut self, set: Set<'_>, members: Members) {
        let last = members.values().max().copied();
        if let Some(expires_at) = last {
            self.store(set.key, Content::Members(members), expires_at);
        } else {
            self.remove(set.key);
        }
        match (set.marker, last) {
            (Some(marker), Some(expires_at)) => self.put(marker, MARKER, expires_at),
            (Some(marker), None) => {
                self.remove(marker);
            }
            (None, _) => {}
        }
    }

    pub(super) fn remove(&mut self, key: &str) -> bool {
        let Some((key, entry)) = self.entries.remove_entry(key) else {
            return false;
        };
        self.queue.remove(&(entry.expires_at, key))
    }

    fn store(&mut self, key: &str, content: Content, expires_at: Instant) {
        self.remove(key);
        self.queue.insert((expires_at, key.to_owned()));
        self.entries.insert(
            key.to_owned(),
            Stored {
                content,
                expires_at,
            },
        );
    }
}

fn counted(value: &Bytes) -> Result<u64, ExpiringStoreError> {
    std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(ExpiringStoreError::WrongKind)
}
