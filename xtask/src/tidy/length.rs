//! Files are short enough to be read at once.

use super::{Finding, tree::Tree};

const WARNING: usize = 400;
const LIMIT: usize = 600;

/// Rust files that are too long.
pub fn check(tree: &Tree) -> Vec<Finding> {
    longer_than(tree, LIMIT)
}

/// Rust files that should be split soon.
pub fn warnings(tree: &Tree) -> Vec<Finding> {
    longer_than(tree, WARNING)
}

fn longer_than(tree: &Tree, limit: usize) -> Vec<Finding> {
    tree.ending(".rs")
        .map(|file| (&file.path, file.text.lines().count()))
        .filter(|(_, lines)| *lines > limit)
        .map(|(path, lines)| format!("{path} has {lines} lines, the limit is {limit}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree_of(lines: usize) -> Tree {
        Tree::of(&[
            ("src/long.rs", &"\n".repeat(lines)),
            ("data.json", &"\n".repeat(9_999)),
        ])
    }

    #[test]
    fn six_hundred_lines_are_the_limit() {
        assert!(check(&tree_of(600)).is_empty());
        assert_eq!(check(&tree_of(601)).len(), 1);
    }

    #[test]
    fn four_hundred_lines_are_warned_of() {
        assert!(warnings(&tree_of(400)).is_empty());
        assert_eq!(warnings(&tree_of(401)).len(), 1);
    }
}
