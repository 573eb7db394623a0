//! The alert rules, their tests and the dashboard of `deploy/`, as Prometheus' own tool reads them. Whether the figures that
//! they ask for are served is a test of the system (`e2e`).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

fn of_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn promtool(arguments: &[&str], file: &Path) {
    let said = Command::new("promtool").args(arguments).arg(file).output();
    let said = said.expect("`apt-get install prometheus` brings promtool");
    assert!(said.status.success(), "{said:?}");
}

#[test]
fn promtool_reads_the_alert_rules_and_the_example_of_a_configuration() {
    promtool(
        &["check", "rules"],
        &of_repository("deploy/prometheus/alerts.yaml"),
    );
    let example = of_repository("deploy/prometheus/prometheus.example.yaml");
    promtool(&["check", "config"], &example);
}

#[test]
fn promtool_finds_no_alert_in_a_healthy_system_and_every_alert_in_a_sick_one() {
    let tests = of_repository("deploy/prometheus/alerts.test.yaml");
    promtool(&["test", "rules"], &tests);
    let tested = fs::read_to_string(tests).unwrap();
    for alert in alerts() {
        let expected = format!(r#"alertname="{}""#, alert.name);
        assert!(tested.contains(&expected), "{} is not tested", alert.name);
    }
}

#[test]
fn promtool_reads_every_expression_of_the_dashboard() {
    let dashboard = fs::read_to_string(of_repository("deploy/grafana/colloquy.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let mut expressions = Vec::new();
    collect_expressions(&dashboard, &mut expressions);
    assert!(expressions.len() > 30, "{expressions:?}");
    let mut rules = String::from("groups:\n  - name: dashboard\n    rules:\n");
    for (number, expression) in expressions.iter().enumerate() {
        // What Grafana puts in the place of its variables.
        let expression = expression
            .replace("$instance", ".*")
            .replace("$__rate_interval", "1m");
        let expression = serde_json::to_string(&expression).unwrap();
        rules.push_str(&format!(
            "      - {{ record: 'panel:{number}', expr: {expression} }}\n"
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dashboard.yaml");
    fs::write(&file, rules).unwrap();
    promtool(&["check", "rules"], &file);
}

fn collect_expressions<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("expr").and_then(Value::as_str));
            fields
                .values()
                .for_each(|one| collect_expressions(one, found));
        }
        Value::Array(values) => values
            .iter()
            .for_each(|one| collect_expressions(one, found)),
        _ => {}
    }
}

/// An alert, as far as people read it.
struct Alert {
    name: String,
    /// Lines such as `page: docs/…`.
    lines: Vec<String>,
}

impl Alert {
    fn annotation(&self, name: &str) -> Option<&str> {
        let mut lines = self.lines.iter();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))?;
        Some(value.trim_matches('"'))
    }
}

fn alerts() -> Vec<Alert> {
    let text = fs::read_to_string(of_repository("deploy/prometheus/alerts.yaml")).unwrap();
    let mut alerts = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("- alert: ") {
            alerts.push(Alert {
                name: name.to_owned(),
                lines: Vec::new(),
            });
        } else if let Some(alert) = alerts.last_mut() {
            alert.lines.push(line.to_owned());
        }
    }
    alerts
}

#[test]
fn every_alert_says_what_it_means_what_to_do_and_where_to_read_on() {
    let alerts = alerts();
    assert!(alerts.len() > 10);
    for alert in alerts {
        for sentence in ["summary", "meaning", "action"] {
            let said = alert.annotation(sentence).unwrap_or_default();
            assert!(said.len() > 10, "{} has no {sentence}", alert.name);
        }
        let page = alert.annotation("page").unwrap_or_default();
        let (file, heading) = page.split_once('#').unwrap_or((page, ""));
        let text = fs::read_to_string(of_repository(file));
        let text = text.unwrap_or_else(|error| panic!("{}: {page}: {error}", alert.name));
        let is_there = |line: &str| {
            let title = line.trim_start_matches('#').trim();
            line.starts_with('#') && title.to_lowercase().replace(' ', "-") == heading
        };
        assert!(
            heading.is_empty() || text.lines().any(is_there),
            "{}: {page} has no such heading",
            alert.name
        );
    }
}
