//! The client library in TypeScript (`clients/typescript`) against the system: its own tests, and the types that it has from
//! the document.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use tokio::{fs, process::Command};

use crate::{scene::scene, stock_client::install_node_modules};

/// Lost calls, cut connections, doubled frames, a reload with unsent messages: the list is always the server's (decision 18).
#[tokio::test]
async fn decision_18_the_client_library_shows_what_the_server_has() -> Result<()> {
    let url = scene().await?.url;
    let output = npx(&["vitest", "run", "--project", "server"])
        .await?
        .env("COLLOQUY_URL", url)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stdout);
    let failures = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}\n{failures}");
    ensure!(!said.contains("skipped"), "{said}");
    Ok(())
}

#[tokio::test]
async fn contract_documents_the_client_library_has_the_types_of_the_document() -> Result<()> {
    let url = scene().await?.url;
    let document = format!("{url}/openapi.json");
    let output = npx(&["openapi-typescript", &document])
        .await?
        .output()
        .await?;
    ensure!(output.status.success(), "{output:?}");
    let types = fs::read_to_string(folder().join("src/openapi.ts")).await?;
    ensure!(
        types == String::from_utf8_lossy(&output.stdout),
        "`npm run types` in clients/typescript writes src/openapi.ts anew"
    );
    Ok(())
}

async fn npx(arguments: &[&str]) -> Result<Command> {
    // The packages of the whole workspace are one tree, at the root.
    install_node_modules(&folder().join("../.."), &[]).await?;
    let mut npx = Command::new("npx");
    npx.arg("--no").args(arguments).current_dir(folder());
    Ok(npx)
}

fn folder() -> PathBuf {
    // Asked for now: a target folder that several clones share may hold the binary of another one.
    let package = env::var("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    Path::new(&package).join("../clients/typescript")
}
