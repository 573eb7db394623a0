//! The bill of materials: every crate that is linked into the binary, as CycloneDX 1.5 has it (ADR 032).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use serde_json::{Value, json};

use super::Release;
use crate::{places::Places, tidy::packages::host};

/// Writes the bill beside the packages.
///
/// # Errors
/// Cargo cannot be asked, or the file cannot be written.
pub fn write(places: &Places, release: &Release) -> Result<PathBuf> {
    let metadata = MetadataCommand::new()
        .current_dir(places.repository())
        .other_options(vec![
            "--locked".to_owned(),
            "--filter-platform".to_owned(),
            host()?,
        ])
        .exec()?;
    let lock = fs::read_to_string(places.repository().join("Cargo.lock"))?;
    let bill = bill(&metadata, &checksums(&lock)?, release)?;
    let path = release
        .into
        .join(format!("colloquy-{}.cdx.json", release.version));
    fs::write(&path, format!("{bill:#}\n"))?;
    Ok(path)
}

fn bill(
    metadata: &Metadata,
    checksums: &BTreeMap<(String, String), String>,
    release: &Release,
) -> Result<Value> {
    let resolved = metadata
        .resolve
        .as_ref()
        .context("cargo resolved nothing")?;
    let edges: BTreeMap<&PackageId, Vec<&PackageId>> = resolved
        .nodes
        .iter()
        .map(|node| {
            let linked = node.deps.iter().filter(|one| {
                one.dep_kinds
                    .iter()
                    .any(|kind| kind.kind == DependencyKind::Normal)
            });
            (&node.id, linked.map(|one| &one.pkg).collect())
        })
        .collect();
    let root = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "colloquy")
        .context("there is no package named colloquy")?;
    let linked = reachable(&root.id, &edges);
    let packages = || {
        metadata
            .packages
            .iter()
            .filter(|package| linked.contains(&package.id))
    };
    let references: BTreeMap<_, _> = packages().map(|one| (&one.id, purl(one))).collect();
    let components: BTreeMap<_, _> = packages()
        .filter(|package| package.id != root.id)
        .map(|package| (purl(package), component(package, checksums)))
        .collect();
    let dependencies: BTreeMap<_, _> = packages()
        .map(|package| {
            let on: BTreeSet<_> = edges[&package.id]
                .iter()
                .filter_map(|id| references.get(id))
                .collect();
            (
                purl(package),
                json!({ "ref": purl(package), "dependsOn": on }),
            )
        })
        .collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": purl(root),
                "name": "colloquy",
                "version": release.version,
                "purl": purl(root),
                "licenses": [{ "expression": root.license }],
            },
        },
        "components": components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies.into_values().collect::<Vec<_>>(),
    }))
}

fn reachable<'a>(
    from: &'a PackageId,
    edges: &BTreeMap<&'a PackageId, Vec<&'a PackageId>>,
) -> BTreeSet<&'a PackageId> {
    let (mut found, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(one) = open.pop() {
        if found.insert(one) {
            open.extend(edges.get(one).into_iter().flatten());
        }
    }
    found
}

fn component(package: &Package, checksums: &BTreeMap<(String, String), String>) -> Value {
    let (name, version) = (package.name.to_string(), package.version.to_string());
    let mut component = json!({
        "type": "library",
        "bom-ref": purl(package),
        "name": name,
        "version": version,
        "purl": purl(package),
    });
    if let Some(licence) = &package.license {
        // Of old crates, which separate alternatives by a slash.
        component["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
    }
    if let Some(sum) = checksums.get(&(name, version)) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    component
}

fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

/// The sums of the lock file, which crates from the registry have.
fn checksums(lock: &str) -> Result<BTreeMap<(String, String), String>> {
    let lock: Lock = toml::from_str(lock)?;
    let sum = |one: Locked| Some(((one.name, one.version), one.checksum?));
    Ok(lock.package.into_iter().filter_map(sum).collect())
}

#[derive(serde::Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(serde::Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::checksums;

    #[test]
    fn only_crates_of_the_registry_have_sums() {
        let lock = "version = 4\n[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n\
                    [[package]]\nname = \"theirs\"\nversion = \"1.2.3\"\nchecksum = \"abc\"\n";
        let sums = checksums(lock).unwrap();
        assert_eq!(sums.len(), 1);
        assert_eq!(sums[&("theirs".to_owned(), "1.2.3".to_owned())], "abc");
    }
}
