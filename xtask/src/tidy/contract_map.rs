//! Every row of the contract map names tests that exist.

use std::collections::{HashMap, HashSet};

use super::{Finding, rust_text::names_after, tree::Tree};

const MAP: &str = "xtask/tidy/contract-tests.toml";

/// Rows without tests, and named tests that are no function of the tree.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(map) = tree.file(MAP) else {
        return vec![format!("{MAP} is missing")];
    };
    let rows = match map.text.parse::<toml::Table>() {
        Ok(rows) => rows,
        Err(error) => return vec![format!("{MAP}: {error}")],
    };
    let functions: HashSet<&str> = tree
        .ending(".rs")
        .flat_map(|file| names_after(&file.text, "fn "))
        .collect();
    let mut findings = Vec::new();
    for (row, tests) in rows {
        let names: Vec<&str> = tests
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str)
            .collect();
        if names.is_empty() {
            findings.push(format!("{MAP}: row {row} names no test"));
        }
        for name in names {
            if !functions.contains(name) {
                findings.push(format!(
                    "{MAP}: row {row} names {name}, which does not exist"
                ));
            }
        }
    }
    findings
}

/// The rows and their tests; none if the map cannot be read, which is another finding.
pub fn rows(tree: &Tree) -> HashMap<String, Vec<String>> {
    tree.file(MAP)
        .and_then(|map| toml::from_str(&map.text).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(map: &str) -> Vec<Finding> {
        check(&Tree::of(&[
            (MAP, map),
            ("a.rs", "#[test]\nfn logs_in() {}"),
        ]))
    }

    #[test]
    fn a_row_with_an_existing_test_is_fine() {
        assert!(findings("\"3.auth.login\" = [\"logs_in\"]").is_empty());
    }

    #[test]
    fn a_row_with_an_unknown_test_is_found() {
        assert_eq!(findings("row = [\"logs_in\", \"logs_out\"]").len(), 1);
        assert_eq!(findings("row = []").len(), 1);
        assert_eq!(findings("row = \"logs_in\"").len(), 1);
    }

    #[test]
    fn a_map_that_cannot_be_read_is_found() {
        assert_eq!(findings("row = [").len(), 1);
        assert_eq!(check(&Tree::default()).len(), 1);
    }
}
