//! Memory of a process: its pages, shared ones in proportion (Pss).

use std::fs;

use anyhow::{Context as _, Result};

/// KiB that a process holds.
///
/// # Errors
/// It is gone.
pub fn pss_kib(pid: u32) -> Result<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    parse(&rollup).context("smaps_rollup")
}

fn parse(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proportional_size_is_found_among_the_others() {
        let rollup = "7f00-7fff ---p 00000000 00:00 0 [rollup]\nRss:  900 kB\nPss:            812 kB\nPss_Dirty: 3 kB\n";
        assert_eq!(parse(rollup), Some(812));
        assert_eq!(parse("Pss_Dirty: 3 kB\n"), None);
    }
}
