//! Folders name the architecture: some have one home, some names say nothing and are refused.

use super::{Finding, tree::Tree};

/// A folder's name, and the one package in which it may be.
const HOMES: [(&str, &str); 3] = [
    ("commands", "services/chat-command/"),
    ("queries", "services/chat-query/"),
    ("projections", "services/chat-query/"),
];

const EMPTY_WORDS: [&str; 4] = ["common", "utils", "core", "helpers"];

/// Rust files in a folder where they do not belong, or in one whose name says nothing.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending(".rs") {
        let mut folders: Vec<&str> = file.path.split('/').collect();
        let name = folders.pop().unwrap_or_default();
        if name == "mod.rs" {
            findings.push(format!("{}: a module is x.rs beside x/", file.path));
        }
        for (folder, home) in HOMES {
            if folders.contains(&folder) && !file.path.starts_with(home) {
                findings.push(format!("{}: {folder}/ is only in {home}", file.path));
            }
        }
        let stem = name.trim_end_matches(".rs");
        for word in EMPTY_WORDS {
            if folders.contains(&word) || stem == word {
                findings.push(format!(
                    "{}: {word} says nothing, name it by what it does",
                    file.path
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str) -> usize {
        check(&Tree::of(&[(path, "")])).len()
    }

    #[test]
    fn commands_are_at_home_in_chat_command_only() {
        assert_eq!(
            findings("services/chat-command/src/commands/send_message.rs"),
            0
        );
        assert_eq!(
            findings("services/chat-query/src/commands/send_message.rs"),
            1
        );
    }

    #[test]
    fn queries_and_projections_are_at_home_in_chat_query_only() {
        assert_eq!(
            findings("services/chat-query/src/projections/room_view.rs"),
            0
        );
        assert_eq!(
            findings("services/websocket/src/projections/room_view.rs"),
            1
        );
        assert_eq!(findings("services/chat-command/src/queries/rooms.rs"), 1);
    }

    #[test]
    fn empty_names_and_mod_rs_are_refused() {
        assert_eq!(findings("crates/chassis/src/utils/text.rs"), 1);
        assert_eq!(findings("crates/chassis/src/helpers.rs"), 1);
        assert_eq!(findings("crates/chassis/src/text/mod.rs"), 1);
        assert_eq!(findings("crates/chassis/src/core_count.rs"), 0);
    }
}
