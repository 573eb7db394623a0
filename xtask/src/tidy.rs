//! Tests of the tree itself: what the compiler and clippy cannot see.

mod banned;
mod conformance;
mod contract_map;
mod folders;
mod ladder;
mod length;
mod licences;
mod links;
mod marks;
mod mutants;
pub mod packages;
pub mod rust_text;
mod test_bodies;
mod test_steps;
mod tree;

use anyhow::{Result, bail};
use packages::Packages;
use tree::Tree;

use crate::{places::Places, test::steps};

/// One thing that is not as it should be: where, and what.
pub type Finding = String;

/// Runs every check and prints all findings.
///
/// # Errors
/// When there is a finding, or the tree cannot be read.
pub fn run(places: &Places) -> Result<()> {
    let tree = Tree::read(places.repository())?;
    let packages = Packages::read(places.repository())?;
    for warning in length::warnings(&tree) {
        println!("tidy: warning: {warning}");
    }
    let checks: [(&str, Vec<Finding>); 13] = [
        ("layers", ladder::check(&packages)),
        ("licences", licences::check(&packages)),
        ("banned crates", banned::check(&tree)),
        ("folders", folders::check(&tree)),
        ("file lengths", length::check(&tree)),
        ("conformance suites", conformance::check(&tree)),
        ("contract map", contract_map::check(&tree)),
        ("mutants", mutants::check(&tree)),
        ("leftover marks", marks::check(&tree)),
        ("ignored tests", test_bodies::ignored(&tree)),
        ("empty tests", test_bodies::empty(&tree)),
        ("links", links::check(&tree)),
        (
            "table of steps",
            test_steps::check(&tree, &steps::table(places)),
        ),
    ];
    let mut count = 0;
    for (name, findings) in &checks {
        println!(
            "tidy: {name:<20} {}",
            if findings.is_empty() { "ok" } else { "NOT OK" }
        );
        for finding in findings {
            println!("tidy:   {finding}");
        }
        count += findings.len();
    }
    if count > 0 {
        bail!("{count} findings in the tree");
    }
    Ok(())
}
