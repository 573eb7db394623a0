//! What was measured on.

use std::{fs, thread};

use anyhow::Result;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A machine, in words.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Cores that this process may use.
    pub cores: usize,
    /// The processor's name.
    pub processor: String,
    /// The kernel's release.
    pub kernel: String,
    /// Memory, in GiB.
    pub memory_gib: u64,
}

impl Machine {
    /// This one.
    ///
    /// # Errors
    /// `/proc` is not to be read.
    pub fn this() -> Result<Self> {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
        let meminfo = fs::read_to_string("/proc/meminfo")?;
        Ok(Self {
            cores: thread::available_parallelism()?.get(),
            processor: value(&cpuinfo, "model name")
                .unwrap_or("unknown")
                .to_owned(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?
                .trim()
                .to_owned(),
            memory_gib: kib(&meminfo, "MemTotal").unwrap_or_default() >> 20,
        })
    }
}

/// Processes that wanted to run in the last minute, on average.
///
/// # Errors
/// `/proc` is not to be read.
pub fn load_average() -> Result<String> {
    let text = fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().unwrap_or_default().to_owned())
}

/// Raises the limit of open descriptors as far as may be; servers started later inherit it.
///
/// # Errors
/// The system refuses.
pub fn allow_many_descriptors() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}

fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

fn kib(text: &str, name: &str) -> Option<u64> {
    value(text, name)?.strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_exact_name() {
        let text = "MemTotalX: 1 kB\nMemTotal:       2097152 kB\nmodel name\t: A CPU: fast\n";
        assert_eq!(kib(text, "MemTotal"), Some(2 << 20));
        assert_eq!(value(text, "model name"), Some("A CPU: fast"));
        assert_eq!(value(text, "model"), None);
    }
}
