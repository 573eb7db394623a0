use std::fs;

/// What chooses a planted bug, in every crate that has one.
const CHOICE: &[u8] = b"COLLOQUY_PLANTED_BUG";

#[test]
fn the_binary_that_people_get_holds_no_planted_bug() {
    let binary = fs::read(env!("CARGO_BIN_EXE_colloquy")).unwrap();
    assert!(!binary.windows(CHOICE.len()).any(|bytes| bytes == CHOICE));
}
