//! No mark of unfinished work is left behind.

use super::{Finding, rust_text::has_word, tree::Tree};

const ENDINGS: [&str; 10] = [
    ".conf", ".css", ".html", ".java", ".md", ".rs", ".sql", ".svelte", ".toml", ".ts",
];

/// Lines with a mark. The marks are put together here, so that this file carries none itself.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let mut findings = Vec::new();
    for ending in ENDINGS {
        for file in tree.ending(ending) {
            for (number, line) in file.text.lines().enumerate() {
                if marks.iter().any(|mark| has_word(line, mark)) {
                    findings.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_with_its_line() {
        let text = concat!("fn a() {}\n// TO", "DO: later\n");
        let found = check(&Tree::of(&[("src/a.rs", text)]));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("src/a.rs:2: "), "{found:?}");
    }

    #[test]
    fn a_part_of_a_word_is_no_mark() {
        let text = concat!("const TO", "DOS: u8 = 1; // mas", "TO", "DON\n");
        assert!(check(&Tree::of(&[("src/a.rs", text)])).is_empty());
    }
}
