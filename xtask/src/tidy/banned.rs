//! Crates that must not be in `Cargo.lock`, also where cargo-deny is not run. `deny.toml` says the same.

use super::{Finding, tree::Tree};

const BANNED: [(&str, &str); 2] = [
    (
        "rsa",
        "its timing reveals the private key (RUSTSEC-2023-0071); aws-lc-rs signs",
    ),
    (
        "openssl",
        "rustls is our TLS; the OpenSSL of librdkafka is for Kafka alone (ADR 030)",
    ),
];

/// Each banned crate that is locked, with the reason.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(lock) = tree.file("Cargo.lock") else {
        return vec!["Cargo.lock is missing".to_owned()];
    };
    BANNED
        .iter()
        .filter(|(name, _)| {
            lock.text
                .lines()
                .any(|line| line == format!("name = \"{name}\""))
        })
        .map(|(name, reason)| format!("{name} is locked: {reason}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banned_crate_is_found_by_its_whole_name() {
        let lock = "[[package]]\nname = \"rsa\"\n\n[[package]]\nname = \"openssl-probe\"\n";
        let found = check(&Tree::of(&[("Cargo.lock", lock)]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("rsa "));
    }

    #[test]
    fn a_missing_lock_is_told() {
        assert_eq!(check(&Tree::default()).len(), 1);
    }
}
