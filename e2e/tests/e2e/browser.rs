//! What people do in a real browser: each test is a story of `e2e/browser/stories`, a script of Node that looks through Debian's
//! Chromium. These tests are a step of their own, one after the other: each has its browser and measures what a person waits for.

use std::{
    env,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::{process::Command, time::timeout};

use crate::{scene::scene, stock_client::install_node_modules};

/// No story is longer; one that hangs ends with its browser.
const STORY_TIMEOUT: Duration = Duration::from_secs(180);

#[tokio::test]
async fn the_page_of_the_client_library_s_readme_shows_what_is_sent_once() -> Result<()> {
    story("readme-page").await
}

#[tokio::test]
async fn a_person_signs_up_edits_the_profile_and_resets_a_password_by_a_mailed_code() -> Result<()>
{
    story("account").await
}

#[tokio::test]
async fn two_people_find_each_other_and_talk() -> Result<()> {
    story("conversation").await
}

/// Ten seconds without a network, then a reload with unsent messages: nothing is lost, doubled or out of order.
#[tokio::test]
async fn decision_18_people_whose_network_is_cut_end_with_the_same_list() -> Result<()> {
    story("network").await
}

#[tokio::test]
async fn texts_that_look_like_scripts_are_shown_and_do_not_run() -> Result<()> {
    story("scripts").await
}

#[tokio::test]
async fn a_room_of_two_thousand_messages_is_scrolled_without_a_stop() -> Result<()> {
    story("long-room").await
}

#[tokio::test]
async fn every_screen_is_accessible_in_both_themes() -> Result<()> {
    story("accessible").await
}

/// Runs a story against the shared system.
async fn story(name: &str) -> Result<()> {
    let url = scene().await?.url;
    let folder = folder();
    install_node_modules(&folder.join("../.."), &[]).await?;
    let mut node = Command::new("node");
    node.arg(format!("stories/{name}.js"))
        .env("COLLOQUY_E2E_URL", url)
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(STORY_TIMEOUT, node.output())
        .await
        .with_context(|| format!("the story {name} does not end"))?
        .context("Node is needed for the browser")?;
    ensure!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

fn folder() -> PathBuf {
    // Asked for now: a target folder that several clones share may hold the binary of another one.
    let package = env::var("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    Path::new(&package).join("browser")
}
