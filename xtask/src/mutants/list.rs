//! The list of mutants, and what makes it a sound one.

use anyhow::{Result, ensure};
use serde::Deserialize;

/// Where it is kept.
pub const LIST: &str = "xtask/mutants.toml";

/// One way to break the product.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutant {
    /// The row of the contract map whose tests must notice.
    pub row: String,
    /// What it does, in words.
    pub change: String,
    /// The file that is changed.
    pub file: String,
    /// The text that is replaced; it is there exactly once.
    pub find: String,
    /// What stands there then.
    pub replace: String,
    /// The package whose tests are run.
    pub package: String,
    /// Tests of the row, of which at least one must fail.
    pub caught_by: Vec<String>,
}

#[derive(Deserialize)]
struct List {
    mutant: Vec<Mutant>,
}

/// Reads the list.
///
/// # Errors
/// It is no such list.
pub fn parse(text: &str) -> Result<Vec<Mutant>> {
    Ok(toml::from_str::<List>(text)?.mutant)
}

impl Mutant {
    /// The broken text of the file.
    ///
    /// # Errors
    /// What is to be replaced is not there exactly once.
    pub fn apply(&self, sound: &str) -> Result<String> {
        let places = sound.matches(&self.find).count();
        ensure!(
            places == 1 && self.find != self.replace,
            "{}: what `{}` replaces is there {places} times",
            self.file,
            self.change
        );
        Ok(sound.replace(&self.find, &self.replace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
[[mutant]]
row = "a row"
change = "yes is no"
file = "a.rs"
find = "yes"
replace = "no"
package = "a"
caught_by = ["says_yes"]
"#;

    #[test]
    fn a_mutant_replaces_what_is_there_once() {
        let mutant = &parse(ONE).unwrap()[0];
        assert_eq!(mutant.apply("say yes").unwrap(), "say no");
        assert!(mutant.apply("yes yes").is_err());
        assert!(mutant.apply("never").is_err());
    }
}
