//! The web page (`web/`), as the system serves it in both modes.

use anyhow::{Context as _, Result};
use reqwest::{Client, header::CONTENT_ENCODING};
use serde_json::Value;

use crate::scene::scene;

#[tokio::test]
async fn every_address_of_the_page_is_the_page_and_its_script_is_compressed() -> Result<()> {
    let url = scene().await?.url;
    let index = reqwest::get(url).await?.text().await?;
    for path in [
        "/room/1", "/profile", "/sign-in", "/sign-up", "/reset", "/flow",
    ] {
        let answer = reqwest::get(format!("{url}{path}")).await?;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.text().await?, index, "{path}");
    }
    let script = index.split('"').find(|part| part.ends_with(".js"));
    let script = script.context("the page has a script: Node was there when it was built")?;
    let request = Client::new().get(format!("{url}{script}"));
    let answer = request.header("accept-encoding", "br").send().await?;
    assert_eq!(answer.headers()[CONTENT_ENCODING], "br");
    assert!(
        answer.headers()["cache-control"]
            .to_str()?
            .contains("immutable")
    );
    Ok(())
}

#[tokio::test]
async fn page_json_offers_only_what_is_there() -> Result<()> {
    let url = scene().await?.url;
    let facts: Value = reqwest::get(format!("{url}/page.json"))
        .await?
        .json()
        .await?;
    for user in facts["demoUsers"].as_array().context("a list")? {
        let (username, password) = user
            .as_str()
            .and_then(|user| user.split_once(" / "))
            .context("a login")?;
        scene()
            .await?
            .anonymous()?
            .login(username, password)
            .await?;
    }
    let shortest = facts["passwordMinLength"].as_u64();
    assert!(shortest.is_some_and(|shortest| shortest > 0), "{facts}");
    if let Some(path) = facts["mailAt"].as_str() {
        assert_eq!(reqwest::get(format!("{url}{path}")).await?.status(), 200);
    }
    Ok(())
}

#[tokio::test]
async fn b26_the_page_names_no_address_of_its_own() -> Result<()> {
    let url = scene().await?.url;
    let index = reqwest::get(url).await?.text().await?;
    for address in ["http:", "https:", "8080", "localhost", "127.0.0.1"] {
        assert!(!index.contains(address), "{address}");
    }
    Ok(())
}
