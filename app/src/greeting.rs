//! The greeting at the terminal.

use std::path::Path;

/// Prints the address of the system and its data folder.
pub fn greet(url: &str, folder: &Path) {
    println!(
        "Colloquy is ready at {url}\n  data in {}\n  stop with Ctrl-C",
        folder.display()
    );
}

/// Prints the demo accounts if they were made.
pub fn say_if_seeded(seeded: bool) {
    if seeded {
        println!(
            "Made three accounts to try things with: user1 / 123, user2 / 1234, user3 / 12345"
        );
    }
}
