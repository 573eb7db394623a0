//! Every row of the contract has tests: those whose names say so, and those that the map adds.

use std::{
    collections::{BTreeMap, HashSet},
    ops::RangeInclusive,
};

use super::{Finding, rust_text::names_after, tree::Tree};

const MAP: &str = "xtask/tidy/contract-tests.toml";

/// Rows of the contract and of stomp.md, and what the names of their tests begin with.
const NAMED: &[(&str, &[&str])] = &[
    ("§2 the envelope", &["contract_2_"]),
    ("§3 POST /auth/login", &["contract_auth_login_"]),
    ("§3 POST /auth/logout", &["s08_"]),
    (
        "§3 POST /customer/create/account",
        &["contract_customer_create_account_", "contract_3_customer_"],
    ),
    ("§3 GET /customer/info", &["contract_customer_info_"]),
    (
        "§3 POST /customer/info",
        &[
            "contract_customer_change_info_",
            "contract_customer_change_own_",
        ],
    ),
    (
        "§3 POST /customer/changePass",
        &["contract_customer_change_pass_"],
    ),
    (
        "§3 POST /customer/forgetPass/initiate",
        &["contract_customer_forget_pass_initiate_"],
    ),
    (
        "§3 POST /customer/forgetPass/resend",
        &["contract_customer_forget_pass_resend_"],
    ),
    (
        "§3 POST /customer/forgetPass/confirm",
        &["contract_customer_forget_pass_confirm_"],
    ),
    (
        "§3 POST /customer/forgetPass/reset",
        &["contract_customer_forget_pass_", "decision_28_", "s07_"],
    ),
    (
        "§3 GET /customer/info/customerId/{customerId}",
        &["contract_customer_by_id_"],
    ),
    (
        "§3 GET /customer/info/phoneNumber/{phoneNumber}",
        &["contract_customer_search_phone_numbers_"],
    ),
    (
        "§3 GET /customer/info/fullName/{fullName}",
        &["contract_customer_search_names_", "decision_29_"],
    ),
    (
        "§3 GET /customer/fullName/customerId/{customerId}",
        &["contract_customer_full_name_"],
    ),
    ("§3 POST /command/room", &["contract_command_room_"]),
    ("§3 POST /command/message", &["contract_command_message_"]),
    ("§3 POST /command/read", &["contract_command_read_"]),
    ("§3 GET /query/rooms", &["contract_query_rooms_"]),
    (
        "§3 GET /query/message/roomId/{roomId}, …/index/{indexMessageId}",
        &["contract_query_message_"],
    ),
    (
        "§3 GET /query/onlineStatus/roomId/{roomId}",
        &["contract_query_online_status_"],
    ),
    (
        "§3 GET /query/readMarkers/roomId/{roomId}",
        &["contract_query_read_markers_"],
    ),
    ("§3 documents", &["contract_3_documents_"]),
    ("§4 POST /internal/generate/email", &["contract_4_otp_"]),
    (
        "§4 POST /internal/resend/email",
        &["contract_4_otp_resend_"],
    ),
    (
        "§4 POST /internal/validate/email",
        &["contract_4_otp_validate_"],
    ),
    ("§4 POST /internal/send", &["contract_4_mail_"]),
    (
        "§4 GET /internal/member/roomId/{roomId}/customerId/{id}",
        &["contract_internal_member_"],
    ),
    ("§4 credential check", &["decision_24_"]),
    ("§4 sessions", &["decision_23_"]),
    (
        "§4 GET /internal/revocations",
        &["contract_4_services_read_", "decision_23_"],
    ),
    ("§4 JWKS", &["contract_4_the_key_set_"]),
    ("§5 STOMP over WebSocket", &["contract_5_"]),
    ("§5 identity", &["stomp_n5_", "stomp_n8_"]),
    ("§5 origins", &["contract_5_an_allowed_origin_", "s13_"]),
    ("§5 /user/topic/rooms", &["decision_21_", "stomp_s6_"]),
    ("§5 /user/topic/readStatus", &["contract_5_read_status_"]),
    ("§5 /topic/message/roomId/{roomId}", &["stomp_s10_"]),
    (
        "§5 /topic/onlineStatus/roomId/{roomId}",
        &["contract_5_presence_"],
    ),
    (
        "§5 /topic/readMarkers/roomId/{roomId}",
        &["contract_5_read_markers_"],
    ),
    ("§5 /topic/typing/roomId/{roomId}", &["contract_5_typing_"]),
    ("§5 SEND /app/extendOnline", &["contract_5_extend_online_"]),
    ("§5 SEND /app/typing", &["contract_5_typing_"]),
    ("§5 refused destinations", &["stomp_s7_"]),
    ("§5 presence", &["contract_5_presence_", "decision_19_"]),
    ("§5 typing", &["contract_5_typing_"]),
    ("§5 SockJS", &["stomp_7_"]),
    ("§6 chat-message-sent", &["contract_6_"]),
    ("§6 room-updated", &["contract_6_room_updated_"]),
    (
        "§6 read-status-updated",
        &["contract_6_read_status_updated_"],
    ),
    ("§7 PostgreSQL", &["contract_7_postgres_"]),
    ("§7 Redis", &["contract_7_presence_", "s06_a_code_"]),
    ("stomp §8", &["performance_g7_", "stomp_n9_"]),
    ("stomp §6 limits", &["stomp_limits_"]),
    ("stomp §7 SockJS", &["stomp_7_"]),
    ("decision 37", &["b12_", "b13_"]),
    ("decision 38", &["b09_", "b10_"]),
    ("decision 39", &["b05_"]),
    ("decision 40", &["b01_"]),
    ("decision 41", &["b02_", "b03_", "b04_"]),
];
/// Rows whose tests are in the map alone.
const LISTED: &[&str] = &[
    "§1 ports and processes",
    "§3 the cookie and the public paths",
    "§4 GET /internal/rooms/customerId/{id}",
    "§4 GET /internal/valid/roomId/{roomId}/customerId/{id}",
    "§4 directory",
    "§6 chat-room-created",
    "§6 read-marker-updated",
    "§7 MongoDB",
];
/// Numbered rows: what stands before the number, and the numbers. The decisions about building are left out.
const NUMBERED: &[(&str, RangeInclusive<usize>)] = &[
    ("decision ", 1..=31),
    ("B", 1..=30),
    ("stomp W", 1..=9),
    ("stomp F", 1..=17),
    ("stomp N", 1..=10),
    ("stomp H", 1..=5),
    ("stomp S", 1..=11),
    ("stomp S", 13..=14),
    ("stomp R", 1..=6),
    ("P", 1..=7),
];
/// The security cases of reliability.md that this system has.
const SECURITY: &[&str] = &[
    "S01", "S02", "S04", "S05", "S06", "S07", "S08", "S09", "S10", "S12", "S13", "S14", "S15",
    "S16", "S17", "S18", "S22", "S23", "S24", "S25", "S31",
];

/// Rows without a test, and names in the map that are no function of the tree or no exception.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(map) = tree.file(MAP) else {
        return vec![format!("{MAP} is missing")];
    };
    let added: BTreeMap<String, Vec<String>> = match toml::from_str(&map.text) {
        Ok(added) => added,
        Err(error) => return vec![format!("{MAP}: {error}")],
    };
    let functions: HashSet<&str> = tree
        .ending(".rs")
        .flat_map(|file| names_after(&file.text, "fn "))
        .collect();
    let rows: BTreeMap<String, Row> = rows().collect();
    let mut findings = Vec::new();
    for (row, names) in &added {
        let Some(rule) = rows.get(row) else {
            findings.push(format!("{MAP}: there is no row {row}"));
            continue;
        };
        for name in names {
            if !functions.contains(name.as_str()) {
                findings.push(format!("{MAP}: {row} names {name}, which does not exist"));
            } else if rule.has(name) {
                findings.push(format!("{MAP}: {name} belongs to {row} by its name"));
            }
        }
    }
    for (row, rule) in &rows {
        let is_proven = added.get(row).is_some_and(|names| !names.is_empty())
            || functions.iter().any(|name| rule.has(name));
        if !is_proven {
            findings.push(format!("no test proves row {row}"));
        }
    }
    findings
}

/// Which names of tests belong to a row.
enum Row {
    /// Those that begin with one of these.
    Beginning(&'static [&'static str]),
    /// Those with this word, such as `decision_7` or `s10`, which `stomp_s10` is not.
    Word(String),
    /// Those of stomp.md with this word, such as `s10`.
    Stomp(String),
}

impl Row {
    fn has(&self, name: &str) -> bool {
        let is_word = |word: &str| format!("_{name}_").contains(&format!("_{word}_"));
        match self {
            Self::Beginning(heads) => heads.iter().any(|head| name.starts_with(head)),
            Self::Word(word) => is_word(word) && !is_word(&format!("stomp_{word}")),
            Self::Stomp(word) => is_word(word) && name.contains("stomp_"),
        }
    }

    fn numbered(head: &str, number: usize) -> Self {
        match head.strip_prefix("stomp ") {
            Some(letter) => Self::Stomp(format!("{}{number}", letter.to_lowercase())),
            None if head == "B" => Self::Word(format!("b{number:02}")),
            None => Self::Word(format!("{}{number}", head.replace(' ', "_").to_lowercase())),
        }
    }
}

/// Every row, and which names belong to it.
fn rows() -> impl Iterator<Item = (String, Row)> {
    let named = NAMED
        .iter()
        .map(|&(row, heads)| (row.to_owned(), Row::Beginning(heads)));
    let listed = LISTED
        .iter()
        .map(|&row| (row.to_owned(), Row::Beginning(&[])));
    let numbered = NUMBERED.iter().flat_map(|(head, numbers)| {
        numbers
            .clone()
            .map(move |number| (format!("{head}{number}"), Row::numbered(head, number)))
    });
    let security = SECURITY
        .iter()
        .map(|&row| (row.to_owned(), Row::Word(row.to_lowercase())));
    named.chain(listed).chain(numbered).chain(security)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The findings on a tree in which every row but `decision 7` has a test, with these lines in the map.
    fn findings(map: &str, test: &str) -> Vec<Finding> {
        let others: String = rows()
            .map(|(row, _)| row)
            .filter(|row| row != "decision 7" && !map.contains(&format!("{row:?}")))
            .map(|row| format!("{row:?} = [\"logs_in\"]\n"))
            .collect();
        check(&Tree::of(&[
            (MAP, &format!("{map}\n{others}")),
            ("a.rs", &format!("fn logs_in() {{}} fn {test}() {{}}")),
        ]))
    }

    #[test]
    fn a_test_belongs_to_the_row_in_its_name() {
        assert!(findings("", "decision_7_every_order_gives_one_view").is_empty());
        assert!(findings("", "stomp_s10_decision_7_in_order").is_empty());
        assert_eq!(findings("", "decision_77_something_else").len(), 1);
        assert!(Row::numbered("stomp S", 1).has("stomp_7_s1_an_id_is_needed"));
        assert!(!Row::numbered("stomp F", 18).has("f18_a_fault"));
        assert!(!Row::numbered("F", 18).has("stomp_f18_a_frame"));
    }

    #[test]
    fn the_map_adds_tests_that_exist_and_are_exceptions() {
        assert!(findings("\"decision 7\" = [\"logs_in\"]", "x").is_empty());
        assert_eq!(
            findings("\"decision 7\" = [\"logs_out\"]", "decision_7_a").len(),
            1
        );
        assert_eq!(findings("\"decision 7\" = []", "x").len(), 1);
        let twice = findings("\"decision 7\" = [\"decision_7_a\"]", "decision_7_a");
        assert_eq!(twice.len(), 1);
        assert_eq!(
            findings("\"a row of its own\" = [\"logs_in\"]", "decision_7_a").len(),
            1
        );
    }

    #[test]
    fn a_map_that_cannot_be_read_is_found() {
        assert_eq!(findings("row = [", "x").len(), 1);
        assert_eq!(findings("row = \"logs_in\"", "x").len(), 1);
        assert_eq!(check(&Tree::default()).len(), 1);
    }
}
