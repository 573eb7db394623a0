//! Every mutant can still be made, and names tests of its row.

use super::{Finding, contract_map, tree::Tree};
use crate::mutants::list::{self, LIST};

/// Mutants whose text is gone from their file, and tests that are not in the row of the contract map.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(LIST) else {
        return vec![format!("{LIST} is missing")];
    };
    let mutants = match list::parse(&file.text) {
        Ok(mutants) => mutants,
        Err(error) => return vec![format!("{LIST}: {error}")],
    };
    let rows = contract_map::rows(tree);
    let mut findings = Vec::new();
    for mutant in &mutants {
        let sound = tree.file(&mutant.file).map_or("", |file| &file.text);
        if let Err(error) = mutant.apply(sound) {
            findings.push(format!("{LIST}: {error}"));
        }
        let known = rows.get(&mutant.row).map_or(&[][..], Vec::as_slice);
        for test in &mutant.caught_by {
            if !known.contains(test) {
                findings.push(format!(
                    "{LIST}: {test} is no test of the row {}",
                    mutant.row
                ));
            }
        }
        if mutant.caught_by.is_empty() {
            findings.push(format!("{LIST}: `{}` names no test", mutant.change));
        }
    }
    findings
}
