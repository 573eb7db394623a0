//! What was found, and how it is printed.

use std::fmt::Write as _;

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Ok,
    /// Works, but not as an operator would want.
    Warn,
    /// Does not work, or gives away what is to be kept.
    Fail,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    level: Level,
    /// What was looked at, as the documentation names it.
    check: &'static str,
    /// What was found, and why it matters.
    found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// All findings of one call.
#[derive(Debug, Serialize)]
pub struct Report {
    findings: Vec<Finding>,
    ok: usize,
    warn: usize,
    fail: usize,
}

impl Finding {
    pub fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            level: Level::Ok,
            check,
            found: found.into(),
            remedy: None,
        }
    }

    pub fn warn(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            level: Level::Warn,
            remedy: Some(remedy.into()),
            ..Self::ok(check, found)
        }
    }

    pub fn fail(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            level: Level::Fail,
            ..Self::warn(check, found, remedy)
        }
    }

    /// One line: what a store answered may hold anything, and a driver may quote an address with its password.
    fn printable(mut self, secrets: &[&str]) -> Self {
        let texts = [Some(&mut self.found), self.remedy.as_mut()];
        for text in texts.into_iter().flatten() {
            for secret in secrets {
                *text = text.replace(secret, "(hidden)");
            }
            *text = text.replace(char::is_control, " ");
        }
        self
    }

    fn line(&self) -> String {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        let mut line = format!("{level:<4}  {:<20}  {}", self.check, self.found);
        if let Some(remedy) = &self.remedy {
            let _ = write!(line, " → {remedy}");
        }
        line
    }
}

impl Report {
    /// The findings without these secrets.
    pub fn new<'a>(
        findings: impl IntoIterator<Item = Finding>,
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let secrets: Vec<_> = secrets.into_iter().collect();
        let findings = findings.into_iter();
        let findings: Vec<_> = findings.map(|one| one.printable(&secrets)).collect();
        let count = |level| findings.iter().filter(|one| one.level == level).count();
        Self {
            ok: count(Level::Ok),
            warn: count(Level::Warn),
            fail: count(Level::Fail),
            findings,
        }
    }

    pub fn is_sick(&self) -> bool {
        self.fail > 0
    }

    /// A line for each finding, and one that counts them.
    pub fn lines(&self) -> String {
        let mut lines: String = self
            .findings
            .iter()
            .map(|finding| finding.line() + "\n")
            .collect();
        let Self { ok, warn, fail, .. } = self;
        let _ = writeln!(lines, "{fail} FAIL, {warn} warn, {ok} ok");
        lines
    }

    pub fn json(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        json.expect("texts and numbers are JSON") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_without_a_secret() {
        let found = "postgres://app:s3cret@db\nrefused \u{1b}[2J";
        let report = Report::new(
            [Finding::fail("postgres", found, "log in with s3cret")],
            ["s3cret"],
        );
        assert_eq!(
            report.lines(),
            "FAIL  postgres              postgres://app:(hidden)@db refused  [2J → log in with (hidden)\n1 FAIL, 0 warn, 0 ok\n"
        );
        assert!(report.is_sick());
        assert!(!report.json().contains("s3cret"));
    }
}
