//! Every row of the contract map names tests that exist, and no row that must be there is forgotten.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::RangeInclusive,
};

use super::{Finding, rust_text::names_after, tree::Tree};

const MAP: &str = "xtask/tidy/contract-tests.toml";

/// Rows of the contract.
const CONTRACT: &[&str] = &[
    "§1 ports and processes",
    "§2 the envelope",
    "§3 the cookie and the public paths",
    "§3 POST /auth/login",
    "§3 POST /auth/logout",
    "§3 POST /customer/create/account",
    "§3 GET /customer/info",
    "§3 POST /customer/info",
    "§3 POST /customer/changePass",
    "§3 POST /customer/forgetPass/initiate",
    "§3 POST /customer/forgetPass/resend",
    "§3 POST /customer/forgetPass/confirm",
    "§3 POST /customer/forgetPass/reset",
    "§3 GET /customer/info/customerId/{customerId}",
    "§3 GET /customer/info/phoneNumber/{phoneNumber}",
    "§3 GET /customer/info/fullName/{fullName}",
    "§3 GET /customer/fullName/customerId/{customerId}",
    "§3 POST /command/room",
    "§3 POST /command/message",
    "§3 POST /command/read",
    "§3 GET /query/rooms",
    "§3 GET /query/message/roomId/{roomId}, …/index/{indexMessageId}",
    "§3 GET /query/onlineStatus/roomId/{roomId}",
    "§3 GET /query/readMarkers/roomId/{roomId}",
    "§3 documents",
    "§4 POST /internal/generate/email",
    "§4 POST /internal/resend/email",
    "§4 POST /internal/validate/email",
    "§4 POST /internal/send",
    "§4 GET /internal/rooms/customerId/{id}",
    "§4 GET /internal/valid/roomId/{roomId}/customerId/{id}",
    "§4 GET /internal/member/roomId/{roomId}/customerId/{id}",
    "§4 credential check",
    "§4 directory",
    "§4 sessions",
    "§4 GET /internal/revocations",
    "§4 JWKS",
    "§5 STOMP over WebSocket",
    "§5 identity",
    "§5 origins",
    "§5 /user/topic/rooms",
    "§5 /user/topic/readStatus",
    "§5 /topic/message/roomId/{roomId}",
    "§5 /topic/onlineStatus/roomId/{roomId}",
    "§5 /topic/readMarkers/roomId/{roomId}",
    "§5 /topic/typing/roomId/{roomId}",
    "§5 SEND /app/extendOnline",
    "§5 SEND /app/typing",
    "§5 refused destinations",
    "§5 presence",
    "§5 typing",
    "§5 SockJS",
    "§6 chat-room-created",
    "§6 chat-message-sent",
    "§6 read-marker-updated",
    "§6 room-updated",
    "§6 read-status-updated",
    "§7 PostgreSQL",
    "§7 MongoDB",
    "§7 Redis",
];
/// Numbered rows: what stands before the number, and the numbers. The decisions about building are left out.
const NUMBERED: &[(&str, RangeInclusive<usize>)] = &[
    ("decision ", 1..=31),
    ("stomp W", 1..=9),
    ("stomp F", 1..=17),
    ("stomp N", 1..=10),
    ("stomp H", 1..=5),
    ("stomp S", 1..=11),
    ("stomp R", 1..=6),
    ("P", 1..=7),
];
/// The remaining rows: other sections of stomp.md, and what reliability.md asks of security.
const OTHERS: &[&str] = &[
    "stomp §6 limits",
    "stomp §7 SockJS",
    "S01",
    "S02",
    "S04",
    "S05",
    "S06",
    "S07",
    "S08",
    "S09",
    "S10",
    "S12",
    "S13",
    "S14",
    "S15",
    "S16",
    "S17",
    "S18",
    "S22",
    "S23",
    "S24",
    "S25",
    "S31",
];

/// Rows that are missing or without tests, and named tests that are no function of the tree.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(map) = tree.file(MAP) else {
        return vec![format!("{MAP} is missing")];
    };
    let rows: BTreeMap<String, Vec<String>> = match toml::from_str(&map.text) {
        Ok(rows) => rows,
        Err(error) => return vec![format!("{MAP}: {error}")],
    };
    let functions: HashSet<&str> = tree
        .ending(".rs")
        .flat_map(|file| names_after(&file.text, "fn "))
        .collect();
    let mut findings = unproven(&rows, &functions);
    let missing = required().filter(|row| !rows.contains_key(row));
    findings.extend(missing.map(|row| format!("{MAP}: there is no row {row}")));
    findings
}

/// Rows that name no test, or one that is not there.
fn unproven(rows: &BTreeMap<String, Vec<String>>, functions: &HashSet<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (row, names) in rows {
        if names.is_empty() {
            findings.push(format!("{MAP}: row {row} names no test"));
        }
        for name in names {
            if !functions.contains(name.as_str()) {
                findings.push(format!(
                    "{MAP}: row {row} names {name}, which does not exist"
                ));
            }
        }
    }
    findings
}

/// The rows that must be in the map.
fn required() -> impl Iterator<Item = String> {
    let numbered = NUMBERED.iter().flat_map(|(head, numbers)| {
        let numbers = numbers.clone();
        numbers.map(move |number| format!("{head}{number}"))
    });
    let named = CONTRACT.iter().chain(OTHERS).map(|&row| row.to_owned());
    named.chain(numbered)
}

/// The rows and their tests; none if the map cannot be read, which is another finding.
pub fn rows(tree: &Tree) -> HashMap<String, Vec<String>> {
    tree.file(MAP)
        .and_then(|map| toml::from_str(&map.text).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A map of every row, each with one test, and these lines in place of the first row.
    fn findings(lines: &str) -> Vec<Finding> {
        let others = required().skip(1);
        let others: String = others
            .map(|row| format!("{row:?} = [\"logs_in\"]\n"))
            .collect();
        check(&Tree::of(&[
            (MAP, &format!("{lines}\n{others}")),
            ("a.rs", "#[test]\nfn logs_in() {}"),
        ]))
    }

    #[test]
    fn rows_with_existing_tests_are_fine() {
        let first = required().next().unwrap();
        assert!(findings(&format!("{first:?} = [\"logs_in\"]")).is_empty());
    }

    #[test]
    fn a_row_that_is_missing_is_found() {
        assert_eq!(findings("\"a row of its own\" = [\"logs_in\"]").len(), 1);
    }

    #[test]
    fn a_row_with_an_unknown_test_or_none_is_found() {
        let first = required().next().unwrap();
        assert_eq!(findings(&format!("{first:?} = [\"logs_out\"]")).len(), 1);
        assert_eq!(findings(&format!("{first:?} = []")).len(), 1);
    }

    #[test]
    fn a_map_that_cannot_be_read_is_found() {
        assert_eq!(findings("row = [").len(), 1);
        assert_eq!(findings("row = \"logs_in\"").len(), 1);
        assert_eq!(check(&Tree::default()).len(), 1);
    }
}
