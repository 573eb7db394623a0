//! What a process takes of its machine, under the names that Prometheus' own clients use, and which version it is.

use std::fs;

use super::amount;

/// The kernel counts a process's time in hundredths of a second, on every architecture that Rust's tier 1 has.
const TICKS_PER_SECOND: f64 = 100.0;

pub(super) fn describe() {
    super::gauges(&[
        (
            "process_resident_memory_bytes",
            "Memory of the process that is in RAM.",
        ),
        (
            "process_open_fds",
            "Descriptors that are open: sockets and files.",
        ),
        (
            "process_max_fds",
            "Descriptors that the process may have open.",
        ),
    ]);
    // Of its kind a counter; but those of this exporter are whole numbers.
    super::gauges(&[(
        "process_cpu_seconds_total",
        "Seconds of CPU that the process has taken.",
    )]);
    metrics::describe_gauge!(
        "colloquy_build_info",
        "Always 1; the label says which version this is."
    );
    metrics::gauge!("colloquy_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// What the kernel does not say (elsewhere than on Linux) stays as it was.
pub(super) fn report() {
    if let Some(bytes) = fs::read_to_string("/proc/self/status")
        .ok()
        .as_deref()
        .and_then(resident)
    {
        metrics::gauge!("process_resident_memory_bytes").set(amount(bytes));
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // The folder itself was opened for this.
        let open = open.count().saturating_sub(1);
        metrics::gauge!("process_open_fds").set(amount(open as u64));
    }
    if let Some(most) = fs::read_to_string("/proc/self/limits")
        .ok()
        .as_deref()
        .and_then(descriptors)
    {
        metrics::gauge!("process_max_fds").set(amount(most));
    }
    if let Some(ticks) = fs::read_to_string("/proc/self/stat")
        .ok()
        .as_deref()
        .and_then(ticks)
    {
        metrics::gauge!("process_cpu_seconds_total").set(amount(ticks) / TICKS_PER_SECOND);
    }
}

/// `VmRSS:     1234 kB`
fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// `Max open files            1024                 1048576              files`
fn descriptors(limits: &str) -> Option<u64> {
    let mut lines = limits.lines();
    let line = lines.find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// User and system time are the 14th and 15th field. The second is the name, in parentheses, and may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_what_a_process_takes() {
        let status = "Name:\tcolloquy\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\n";
        assert_eq!(resident(status), Some(1024 * 1024));
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            1024                 1048576              files\n";
        assert_eq!(descriptors(limits), Some(1024));
        let stat = "42 (a ) name) S 1 42 42 0 -1 4194304 100 0 0 0 250 31 0 0 20 0 9 0 1 1 1";
        assert_eq!(ticks(stat), Some(281));
        for nothing in ["", "42", "VmRSS:", "42 (x) S 1"] {
            assert_eq!(resident(nothing), None);
            assert_eq!(descriptors(nothing), None);
            assert_eq!(ticks(nothing), None);
        }
    }
}
