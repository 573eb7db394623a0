//! Dependencies between our packages go one way only, and no service depends on another.

use super::{
    Finding,
    packages::{Package, Packages},
};

/// What may stand on what besides lower rungs: (package's folder, dependency's folder).
const SAME_RUNG: [(&str, &str); 1] = [("crates/event-log", "crates/sql")];

/// Every dependency on one of ours that does not lead down the ladder.
pub fn check(packages: &Packages) -> Vec<Finding> {
    let ours: Vec<(&Package, &str)> = packages
        .0
        .iter()
        .filter_map(|package| Some((package, package.folder.as_deref()?)))
        .collect();
    let mut findings = Vec::new();
    for (package, folder) in &ours {
        let Some(rung) = rung(folder) else {
            findings.push(format!("{folder} has no place on the ladder"));
            continue;
        };
        for (dependency, below) in &ours {
            let is_used = package.dependencies.contains(&dependency.name);
            let leads_down = self::rung(below).is_some_and(|lower| lower < rung);
            let is_itself = dependency.name == package.name;
            if is_used && !leads_down && !is_itself && !SAME_RUNG.contains(&(*folder, *below)) {
                findings.push(format!(
                    "{} must not depend on {}",
                    package.name, dependency.name
                ));
            }
        }
    }
    findings
}

fn rung(folder: &str) -> Option<u8> {
    Some(match folder {
        "crates/contracts" | "crates/text" | "crates/web-page" => 0,
        "crates/chassis" => 1,
        "crates/credentials" => 2,
        "crates/sql" | "crates/service-api" | "crates/event-log" | "crates/expiring-store" => 3,
        "crates/rate-limit" => 4,
        service if service.starts_with("services/") => 5,
        "app" => 6,
        "e2e" => 7,
        "faults" | "bench" => 8,
        // The menu stands beside the ladder: it depends on none of ours.
        "xtask" => 0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(packages: Vec<Package>) -> Vec<Finding> {
        check(&Packages(packages))
    }

    #[test]
    fn downwards_is_allowed() {
        let found = findings(vec![
            Package::ours("contracts", "crates/contracts", &[]),
            Package::ours("sql", "crates/sql", &["contracts"]),
            Package::ours("log", "crates/event-log", &["sql", "contracts", "log"]),
            Package::ours("auth", "services/auth", &["log", "serde"]),
            Package::ours("app", "app", &["auth"]),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_service_must_not_depend_on_a_service() {
        let found = findings(vec![
            Package::ours("auth", "services/auth", &["customer"]),
            Package::ours("customer", "services/customer", &[]),
        ]);
        assert_eq!(found, ["auth must not depend on customer"]);
    }

    #[test]
    fn upwards_is_refused_also_for_tests() {
        let found = findings(vec![
            Package::ours("contracts", "crates/contracts", &["chassis"]),
            Package::ours("chassis", "crates/chassis", &[]),
            Package::ours("menu", "xtask", &["contracts"]),
        ]);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn a_package_in_an_unknown_place_is_told() {
        let found = findings(vec![Package::ours("pet", "crates/pet", &[])]);
        assert_eq!(found, ["crates/pet has no place on the ladder"]);
    }
}
