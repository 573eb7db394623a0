//! The baseline of a request: axum alone, with a handler that has nothing to do.

use anyhow::{Context as _, Result};
use axum::{Router, routing::get};
use colloquy_chassis::Lifecycle;
use tokio::net::TcpListener;

use super::{feed, process};

/// Serves until standard input ends.
///
/// # Errors
/// The port cannot be used.
pub async fn run() -> Result<()> {
    let lifecycle = Lifecycle::default();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    process::announce(listener.local_addr()?);
    let router = Router::new().route("/", get(async || ()));
    lifecycle.tasks().spawn_vital("listener", async move {
        // The caller finds a listener that has ended.
        let _ = axum::serve(listener, router).await;
    });
    feed::obey(1, async |_| ()).await.context("standard input")
}
