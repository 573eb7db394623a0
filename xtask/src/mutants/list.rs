//! The list of mutants, and what makes it a sound one.

use anyhow::{Result, ensure};
use serde::Deserialize;

use crate::tidy::rust_text;

/// Where it is kept.
pub const LIST: &str = "xtask/mutants.toml";

/// One way to break the product.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutant {
    /// What it breaks: a promise, an invariant or a decision.
    pub breaks: String,
    /// What it does, in words.
    pub change: String,
    /// The file that is changed.
    pub file: String,
    /// The function that is changed; the file has exactly one of that name.
    pub function: String,
    /// What the function does then, in the place of its body.
    pub body: String,
    /// The package whose tests are run.
    pub package: String,
    /// Tests of that package, of which at least one must fail.
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
    /// The file has not exactly one function of that name, or it does this already.
    pub fn apply(&self, sound: &str) -> Result<String> {
        let bodies = rust_text::function_bodies(sound, &self.function);
        ensure!(
            bodies.len() == 1,
            "{}: `{}` changes {}, of which there are {}",
            self.file,
            self.change,
            self.function,
            bodies.len()
        );
        let body = bodies[0].clone();
        ensure!(
            sound[body.clone()].trim() != self.body.trim(),
            "{}: `{}` changes nothing",
            self.file,
            self.change
        );
        let mut broken = sound.to_owned();
        broken.replace_range(body, &self.body);
        Ok(broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
[[mutant]]
breaks = "promise P1"
change = "yes is no"
file = "a.rs"
function = "answer"
body = "NO"
package = "a"
caught_by = ["says_yes"]
"#;

    #[test]
    fn a_mutant_replaces_the_body_of_one_function() {
        let mutant = &parse(ONE).unwrap()[0];
        let sound =
            "fn answers() { YES } fn answer<T>(a: T) -> Answer { if a { YES } else { YES } }";
        assert_eq!(
            mutant.apply(sound).unwrap(),
            "fn answers() { YES } fn answer<T>(a: T) -> Answer {NO}"
        );
        assert!(mutant.apply("fn answer() { NO }").is_err());
        assert!(
            mutant
                .apply("fn answer() { YES } fn answer() { YES }")
                .is_err()
        );
        assert!(mutant.apply("fn answers() { YES }").is_err());
    }
}
