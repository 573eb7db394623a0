//! The checker as a command. Cargo builds it with this test, with the features that all suites have.

use std::process::Command;

#[test]
fn a_scenario_that_does_not_exist_is_refused_with_the_names_of_those_that_do() {
    let output = Command::new(env!("CARGO_BIN_EXE_colloquy-faults"))
        .args(["scenario", "nothing"])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("slow-readers"), "{error}");
}
