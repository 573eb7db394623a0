//! Tests that cannot fail: those that are ignored, and those with nothing inside.

use super::{
    Finding,
    rust_text::{body, names_after},
    tree::Tree,
};

const TEST_MARKS: [&str; 2] = ["#[test]", "#[tokio::test"];

/// Lines that take a test out of the run.
pub fn ignored(tree: &Tree) -> Vec<Finding> {
    let marks = [concat!("#[", "ignore"), concat!("#[cfg_attr(", "ignore")];
    let mut findings = Vec::new();
    for file in tree.ending(".rs") {
        for (number, line) in file.text.lines().enumerate() {
            if marks.iter().any(|mark| line.trim_start().starts_with(mark)) {
                findings.push(format!("{}:{}: a test is ignored", file.path, number + 1));
            }
        }
    }
    findings
}

/// Tests whose body is empty.
pub fn empty(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending(".rs") {
        let lines: Vec<&str> = file.text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            if !TEST_MARKS
                .iter()
                .any(|mark| line.trim_start().starts_with(mark))
            {
                continue;
            }
            let rest = lines[number..].join("\n");
            let Some(start) = rest.find("fn ") else {
                continue;
            };
            let function = &rest[start..];
            if body(function).is_some_and(|body| body.is_empty()) {
                let name = names_after(function, "fn ").next().unwrap_or_default();
                findings.push(format!(
                    "{}:{}: {name} tests nothing",
                    file.path,
                    number + 1
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_test_is_found() {
        let text = concat!("#[test]\n#[", "ignore = \"slow\"]\nfn a() { b(); }\n");
        assert_eq!(ignored(&Tree::of(&[("a.rs", text)])).len(), 1);
    }

    #[test]
    fn a_test_with_only_a_comment_is_found() {
        let text = "#[tokio::test(flavor = \"current_thread\")]\nasync fn says_nothing() {\n    // later\n}\n";
        let found = empty(&Tree::of(&[("a.rs", text)]));
        assert_eq!(found, ["a.rs:1: says_nothing tests nothing"]);
    }

    #[test]
    fn a_test_with_a_body_is_left_alone() {
        let text = "#[test]\nfn says() {\n    assert!(true_or_false());\n}\n";
        assert!(empty(&Tree::of(&[("a.rs", text)])).is_empty());
    }
}
