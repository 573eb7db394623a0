//! Every mutant can still be made, and names tests that exist.

use std::collections::HashSet;

use super::{Finding, rust_text::names_after, tree::Tree};
use crate::mutants::list::{self, LIST};

/// Mutants whose function is gone from its file, and tests that are no function of the tree.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(LIST) else {
        return vec![format!("{LIST} is missing")];
    };
    let mutants = match list::parse(&file.text) {
        Ok(mutants) => mutants,
        Err(error) => return vec![format!("{LIST}: {error}")],
    };
    let functions: HashSet<&str> = tree
        .ending(".rs")
        .flat_map(|file| names_after(&file.text, "fn "))
        .collect();
    let mut findings = Vec::new();
    for mutant in &mutants {
        let sound = tree.file(&mutant.file).map_or("", |file| &file.text);
        if let Err(error) = mutant.apply(sound) {
            findings.push(format!("{LIST}: {error}"));
        }
        if mutant.caught_by.is_empty() {
            findings.push(format!("{LIST}: `{}` names no test", mutant.change));
        }
        for test in &mutant.caught_by {
            if !functions.contains(test.as_str()) {
                findings.push(format!("{LIST}: there is no test {test}"));
            }
        }
    }
    findings
}
