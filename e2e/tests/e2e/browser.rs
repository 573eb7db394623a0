//! What people do in a real browser: each test is a story of `e2e/browser/stories`, a script of Node that looks through Debian's
//! Chromium. These tests are a step of their own, one after the other: each has its browser and measures what a person waits for.

use std::{
    env,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use colloquy_e2e::harness::Mortal;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::Command,
    time::timeout,
};

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

/// SIGKILL while both write; what was not acknowledged goes out with the key that it had.
#[tokio::test]
async fn decision_18_people_whose_server_is_killed_end_with_the_same_list() -> Result<()> {
    let mut system = Mortal::from_env().await?;
    let ended = timeout(STORY_TIMEOUT, story_of(&mut system, "killed")).await;
    let outcome = ended
        .context("the story killed does not end")
        .and_then(|outcome| outcome);
    if outcome.is_err() {
        // Others need the system.
        system.start_again().await?;
    }
    outcome
}

#[tokio::test]
async fn a_log_out_without_a_network_ends_the_session_when_the_network_is_back() -> Result<()> {
    story("log-out").await
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
async fn a_student_watches_a_message_on_its_way() -> Result<()> {
    story("flow").await
}

#[tokio::test]
async fn a_person_without_a_mouse_decides_about_notifications_and_old_messages() -> Result<()> {
    story("keyboard").await
}

#[tokio::test]
async fn every_screen_is_accessible_in_both_themes() -> Result<()> {
    story("accessible").await
}

/// Runs a story against the shared system.
async fn story(name: &str) -> Result<()> {
    let mut node = node(name, scene().await?.url).await?;
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

/// Runs a story that asks for its system to be killed and to be started.
async fn story_of(system: &mut Mortal, name: &str) -> Result<()> {
    let mut node = node(name, &system.url()).await?;
    let mut story = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let wishes = story.stdout.take().context("the story's output")?;
    let mut answers = story.stdin.take().context("the story's input")?;
    let mut wishes = BufReader::new(wishes).lines();
    while let Some(wish) = wishes.next_line().await? {
        match wish.as_str() {
            "kill" => system.kill().await?,
            "start" => system.start_again().await?,
            other => bail!("the story wishes {other:?}"),
        }
        answers.write_all(b"done\n").await?;
    }
    let status = story.wait().await?;
    ensure!(status.success(), "{status}; its own words stand above");
    Ok(())
}

async fn node(story: &str, url: &str) -> Result<Command> {
    let folder = folder();
    install_node_modules(&folder.join("../.."), &[]).await?;
    let mut node = Command::new("node");
    node.arg(format!("stories/{story}.js"))
        .env("COLLOQUY_E2E_URL", url)
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ok(node)
}

fn folder() -> PathBuf {
    // Asked for now: a target folder that several clones share may hold the binary of another one.
    let package = env::var("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    Path::new(&package).join("browser")
}
