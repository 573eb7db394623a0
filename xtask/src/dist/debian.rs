//! The Debian package, which `dpkg-deb` packs (ADR 032).

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use super::{Release, install, output};
use crate::places::Places;

const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];
/// What the binary may load: parts of libc6 and libgcc-s1. Everything else is linked into it.
const LIBRARIES: [&str; 5] = [
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
];

/// Packs the tree of an installation.
///
/// # Errors
/// A tool fails, or the binary loads a library that the package does not depend on.
pub fn package(places: &Places, release: &Release, tree: &Path) -> Result<PathBuf> {
    let loaded = output(
        Command::new("readelf")
            .args(["--dynamic", "--version-info"])
            .arg(&release.binary),
    )?;
    let foreign = needed(&loaded);
    let foreign: Vec<_> = foreign
        .iter()
        .filter(|one| !LIBRARIES.contains(&one.as_str()))
        .collect();
    ensure!(
        foreign.is_empty(),
        "the binary loads {foreign:?}, which no package in `Depends` is known to hold"
    );
    let size = output(
        Command::new("du")
            .args(["--summarize", "--apparent-size", "--block-size=1024"])
            .arg(tree),
    )?;
    let size = size.split_whitespace().next().unwrap_or_default();
    let control = tree.join("DEBIAN");
    for script in SCRIPTS {
        let from = places.repository().join("deploy/debian").join(script);
        install(&from, &control.join(script), "755")?;
    }
    fs::write(control.join("conffiles"), "/etc/colloquy/colloquy.toml\n")?;
    let [major, minor] = newest_glibc(&loaded).context("the binary needs no version of glibc")?;
    let libc = format!("{major}.{minor}");
    fs::write(control.join("control"), text(release, size, &libc))?;
    let Release {
        version,
        architecture,
        ..
    } = release;
    let package = release
        .into
        .join(format!("colloquy_{version}_{architecture}.deb"));
    let mut pack = Command::new("dpkg-deb");
    pack.env("SOURCE_DATE_EPOCH", &release.made_at)
        .args(["--root-owner-group", "-Zxz", "--build"])
        .args([tree, &package]);
    output(&mut pack)?;
    Ok(package)
}

/// It depends on the packages of what the binary loads.
fn text(release: &Release, size: &str, libc: &str) -> String {
    let Release {
        version,
        architecture,
        ..
    } = release;
    format!(
        "Package: colloquy
Version: {version}
Architecture: {architecture}
Maintainer: The authors of Colloquy <colloquy@localhost>
Section: net
Priority: optional
Depends: adduser, libc6 (>= {libc}), libgcc-s1
Installed-Size: {size}
Description: chat backend that can prove it lost nothing
 Rooms, messages, history, read markers and presence behind one HTTP and STOMP
 interface: the whole system in one process on embedded stores, or each service
 on PostgreSQL, Kafka, MongoDB and Redis. Nothing is started by the installation.
"
    )
}

/// The names in lines such as ` 0x…01 (NEEDED)  Shared library: [libc.so.6]`.
fn needed(dynamic: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let (_, rest) = line.split_once("(NEEDED)")?;
        Some(rest.split_once('[')?.1.split_once(']')?.0.to_owned())
    };
    dynamic.lines().filter_map(name).collect()
}

/// The newest version in lines such as ` 0x0010:   Name: GLIBC_2.34  Flags: none  Version: 5`: symbols of it are called.
fn newest_glibc(versions: &str) -> Option<[u32; 2]> {
    let version = |rest: &str| {
        let (major, minor) = rest.split_whitespace().next()?.split_once('.')?;
        Some([major.parse().ok()?, minor.parse().ok()?])
    };
    versions
        .split("Name: GLIBC_")
        .skip(1)
        .filter_map(version)
        .max()
}

#[cfg(test)]
mod tests {
    use super::{needed, newest_glibc};

    #[test]
    fn the_package_asks_for_the_newest_glibc_that_a_symbol_is_of() {
        let versions = "  0x0010: Version: 1  File: libm.so.6  Cnt: 1
  0x0020:   Name: GLIBC_2.9  Flags: none  Version: 9
  0x0030: Version: 1  File: libc.so.6  Cnt: 3
  0x0040:   Name: GLIBC_2.34  Flags: none  Version: 5
  0x0050:   Name: GLIBC_2.3.4  Flags: none  Version: 4";
        assert_eq!(newest_glibc(versions), Some([2, 34]));
        assert_eq!(newest_glibc("Name: GCC_3.0"), None);
    }

    #[test]
    fn what_a_binary_loads_is_read_from_its_dynamic_section() {
        let dynamic = " 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]\n \
                       0x000000000000000c (INIT)               0x1000\n";
        let libraries = needed(dynamic);
        assert_eq!(libraries.into_iter().collect::<Vec<_>>(), ["libc.so.6"]);
    }
}
