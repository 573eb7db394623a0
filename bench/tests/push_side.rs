//! A guard against regressions: ratios only, of few and short runs of what this test was built with, and a generous bound.

use std::{fs, process::Command};

use serde_json::Value;

/// Twice what a development build shows: it is our code that is not optimised, and not the kernel's share.
const BOUND: f64 = 15.0;

#[test]
fn a_delivery_costs_a_bounded_multiple_of_a_raw_broadcasters() {
    let folder = tempfile::tempdir().unwrap();
    let standings = folder.path().join("standings");
    let output = Command::new(env!("CARGO_BIN_EXE_colloquy-bench"))
        .args([
            "g4",
            "--connections",
            "200",
            "--pairs",
            "3",
            "--seconds",
            "1",
        ])
        .arg("--standings")
        .arg(&standings)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{error}");
    let noted: Value = serde_json::from_str(&fs::read_to_string(standings).unwrap()).unwrap();
    // The median of the pairs, then their range.
    let figure = noted["figure"].as_str().unwrap();
    let ratio: f64 = figure.split(' ').next().unwrap().parse().unwrap();
    assert!(ratio > 0.0 && ratio < BOUND, "{text}{error}");
}
