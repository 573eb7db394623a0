//! Which processes belong together.

use std::fs;

use anyhow::{Context as _, Result, ensure};

/// A process and all that descend from it.
///
/// # Errors
/// It is gone.
pub fn with_children(root: u32) -> Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(pid) = entry?.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        // A process may end between the list and this.
        if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
            parents.push((pid, parent(&stat).context("stat")?));
        }
    }
    ensure!(
        parents.iter().any(|(pid, _)| *pid == root),
        "process {root} is gone"
    );
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&of) = family.get(next) {
        let children = parents.iter().filter(|(_, parent)| *parent == of);
        family.extend(children.map(|(pid, _)| *pid));
        next += 1;
    }
    Ok(family)
}

/// Field 4; the second field is a name in round brackets that may hold anything.
fn parent(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_found_behind_a_name_with_spaces_and_brackets() {
        assert_eq!(parent("7 (a) b) (c) S 42 7 7 0 -1"), Some(42));
        assert_eq!(parent("7 (a) S"), None);
    }

    #[test]
    fn this_process_is_of_its_own_family_and_of_its_parents() {
        let (own, parent) = (std::process::id(), std::os::unix::process::parent_id());
        assert!(with_children(own).unwrap().contains(&own));
        assert!(with_children(parent).unwrap().contains(&own));
    }
}
