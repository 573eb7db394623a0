//! Links between the pages of the project lead somewhere.

use super::{Finding, tree::Tree};

/// Relative links in Markdown files whose target is not in the tree.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for page in tree.ending(".md") {
        let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for target in targets(&page.text) {
            let path = target.split('#').next().unwrap_or_default();
            let is_elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !path.is_empty() && !is_elsewhere && !tree.has(&resolve(folder, path)) {
                findings.push(format!("{}: {target} leads nowhere", page.path));
            }
        }
    }
    findings
}

/// What stands in the round brackets of `[text](target)`, code blocks and code spans left out.
fn targets(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect();
        for (start, mark) in prose.match_indices("](") {
            let rest = &prose[start + mark.len()..];
            if let Some(target) = rest.split([')', ' ']).next() {
                targets.push(target.to_owned());
            }
        }
    }
    targets
}

fn resolve(folder: &str, path: &str) -> String {
    let from_root = path.strip_prefix('/');
    let start = if from_root.is_some() { "" } else { folder };
    let mut parts: Vec<&str> = start.split('/').filter(|part| !part.is_empty()).collect();
    for part in from_root.unwrap_or(path).split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(page: &str) -> Vec<Finding> {
        check(&Tree::of(&[
            ("docs/adr/001.md", page),
            ("STYLE.md", ""),
            ("docs/a.md", ""),
        ]))
    }

    #[test]
    fn a_link_to_a_file_or_a_folder_is_fine() {
        let page = "[a](../a.md#part) [b](../../STYLE.md) [c](/docs) [d](https://example.org/x) [e](#here)";
        assert!(findings(page).is_empty(), "{:?}", findings(page));
    }

    #[test]
    fn a_link_to_nothing_is_found() {
        assert_eq!(findings("see [it](../gone.md)").len(), 1);
        assert_eq!(findings("[`code`](gone.md)").len(), 1);
    }

    #[test]
    fn code_is_not_read_for_links() {
        assert!(findings("`a[0](gone.md)`\n```\n[x](gone.md)\n```\n").is_empty());
    }
}
