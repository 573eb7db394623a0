//! Every package's licence is one that we may ship under.

use super::{Finding, packages::Packages};

/// Licences that ask for no more than their notice, and why each is among them.
const ALLOWED: [(&str, &str); 14] = [
    ("MIT", "permissive; ours"),
    ("MIT-0", "permissive, without notice"),
    ("Apache-2.0", "permissive, with a patent grant"),
    ("BSD-2-Clause", "permissive"),
    ("BSD-3-Clause", "permissive"),
    ("ISC", "permissive"),
    ("Zlib", "permissive"),
    ("BSL-1.0", "permissive, without notice in binaries"),
    ("Unicode-3.0", "permissive; tables of Unicode"),
    ("Unlicense", "public domain"),
    ("CC0-1.0", "public domain"),
    ("0BSD", "permissive, without notice"),
    (
        "CDLA-Permissive-2.0",
        "permissive; data of certificate roots",
    ),
    ("MPL-2.0", "copyleft by file only; used unchanged"),
];

/// Packages without a licence, or with one that is not allowed.
pub fn check(packages: &Packages) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &packages.0 {
        match &package.licence {
            None => findings.push(format!("{} names no licence", package.name)),
            Some(licence) if !is_allowed(licence) => {
                findings.push(format!("{} is under {licence}", package.name));
            }
            Some(_) => {}
        }
    }
    findings
}

/// Evaluates an SPDX expression; `/` is the old spelling of OR, and exceptions only give more rights.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words };
    reader.any_of() && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
}

impl Reader<'_> {
    fn any_of(&mut self) -> bool {
        let mut allowed = self.all_of();
        while self.skip("OR") {
            allowed |= self.all_of();
        }
        allowed
    }

    fn all_of(&mut self) -> bool {
        let mut allowed = self.one();
        while self.skip("AND") {
            allowed &= self.one();
        }
        allowed
    }

    fn one(&mut self) -> bool {
        if self.skip("(") {
            return self.any_of() & self.skip(")");
        }
        let Some((name, rest)) = self.words.split_first() else {
            return false;
        };
        self.words = rest;
        if self.skip("WITH") {
            self.words = self.words.get(1..).unwrap_or_default();
        }
        ALLOWED.iter().any(|(allowed, _)| allowed == name)
    }

    fn skip(&mut self, word: &str) -> bool {
        let is_next = self.words.first() == Some(&word);
        if is_next {
            self.words = &self.words[1..];
        }
        is_next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::packages::Package;

    #[test]
    fn one_allowed_alternative_is_enough() {
        for licence in [
            "MIT OR Apache-2.0",
            "Apache-2.0/MIT",
            "MIT OR LGPL-2.1-or-later",
            "Apache-2.0 WITH LLVM-exception",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
        ] {
            assert!(is_allowed(licence), "{licence}");
        }
    }

    #[test]
    fn every_joined_licence_has_to_be_allowed() {
        for licence in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0",
            "(MIT OR Apache-2.0) AND AGPL-3.0",
            "",
            "MIT MIT",
        ] {
            assert!(!is_allowed(licence), "{licence}");
        }
    }

    #[test]
    fn a_package_without_a_licence_is_told() {
        let mut package = Package::ours("odd", "app", &[]);
        package.licence = None;
        assert_eq!(check(&Packages(vec![package])), ["odd names no licence"]);
    }
}
