//! Every conformance suite lists all its promises, and is run by at least two adapters.

use super::{
    Finding,
    rust_text::{count_word, names_after},
    tree::{SourceFile, Tree},
};

const ADAPTERS: usize = 2;

/// Suites without a macro, with a promise that the macro does not list, or with too few adapters.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for suite in tree.ending("/conformance.rs") {
        let Some((package, _)) = suite.path.split_once("/src/") else {
            continue;
        };
        if package == "xtask" {
            continue;
        }
        let Some(name) = names_after(&suite.text, "macro_rules! ").next() else {
            findings.push(format!("{}: no macro lists the promises", suite.path));
            continue;
        };
        findings.extend(unlisted(tree, suite));
        let runs = runs_of(tree, package, name);
        if runs < ADAPTERS {
            findings.push(format!(
                "{}: {name}! is run by {runs} adapters in {package}/tests/it, wanted {ADAPTERS}",
                suite.path
            ));
        }
    }
    findings
}

/// Promises of the suite's file, or of the files beside it in `conformance/`, that no list names.
fn unlisted(tree: &Tree, suite: &SourceFile) -> Vec<Finding> {
    let beside = suite.path.replace("conformance.rs", "conformance/");
    let mut findings = Vec::new();
    for file in tree.ending(".rs") {
        let is_itself = file.path == suite.path;
        if !is_itself && !file.path.starts_with(&beside) {
            continue;
        }
        for promise in names_after(&file.text, "\npub async fn ") {
            let own_definition = usize::from(is_itself);
            if count_word(&suite.text, promise) <= own_definition {
                findings.push(format!("{}: {promise} is run by no suite", file.path));
            }
        }
    }
    findings
}

fn runs_of(tree: &Tree, package: &str, name: &str) -> usize {
    let tests = format!("{package}/tests/it/");
    let call = format!("{name}!");
    tree.ending(".rs")
        .filter(|file| file.path.starts_with(&tests))
        .map(|file| file.text.matches(&call).count())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE: &str =
        "macro_rules! store_conformance {\n  () => { keeps }\n}\n\npub async fn keeps() {}\n";
    const RUN: &str = "mod sqlite { crate::store_conformance!(a); }\n";

    fn findings(suite: &str, tests: &str) -> Vec<Finding> {
        check(&Tree::of(&[
            ("services/x/src/store/conformance.rs", suite),
            ("services/x/tests/it/store.rs", tests),
        ]))
    }

    #[test]
    fn a_suite_run_by_two_adapters_is_fine() {
        let found = findings(SUITE, &RUN.repeat(2));
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_suite_run_by_one_adapter_is_found() {
        assert_eq!(findings(SUITE, RUN).len(), 1);
    }

    #[test]
    fn a_promise_that_is_not_listed_is_found() {
        let suite = format!("{SUITE}\npub async fn forgets() {{}}\n");
        let found = findings(&suite, &RUN.repeat(2));
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("forgets"), "{found:?}");
    }

    #[test]
    fn a_suite_without_a_macro_is_found() {
        assert_eq!(findings("pub async fn keeps() {}\n", "").len(), 1);
    }
}
