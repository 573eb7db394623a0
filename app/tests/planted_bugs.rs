//! A target of its own: the test command builds it with and without the planted bugs, and cargo builds the binary with it.

use std::fs;

/// What chooses a planted bug, and a place to crash at, in every crate that has one.
const CHOICES: [&[u8]; 2] = [b"COLLOQUY_PLANTED_BUG", b"COLLOQUY_CRASH_AT"];

#[test]
fn the_binary_that_people_get_holds_no_planted_bug() {
    let binary = fs::read(env!("CARGO_BIN_EXE_colloquy")).unwrap();
    for choice in CHOICES {
        assert!(!binary.windows(choice.len()).any(|bytes| bytes == choice));
    }
}
