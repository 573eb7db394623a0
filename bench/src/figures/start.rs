//! G17: how long the all-in-one process takes until it serves what an earlier run left.

use anyhow::{Context as _, Result};
use colloquy_e2e::client::{Client, USER1, USER2};

use super::whole;
use crate::{
    cli::Starts,
    measure::{Spread, machine::load_average},
    server::feed::CONTENT_OCTETS,
};

/// What came out.
#[derive(Debug)]
pub struct Figure {
    /// What was asked for.
    pub options: Starts,
    /// Milliseconds until it was ready; it is asked every 10.
    pub millis: Spread,
    /// Before and after.
    pub load_average: [String; 2],
}

/// Starts it again and again, each time after it was killed.
///
/// # Errors
/// The system fails.
pub async fn measure(options: &Starts) -> Result<Figure> {
    let before = load_average()?;
    let mut instance = whole::instance(options.bin.as_deref()).await?;
    let sender = Client::new(&instance.url())?
        .login(USER1.username, USER1.password)
        .await?;
    let room = sender.create_room("Starts", &[USER2.id]).await?;
    let content = "x".repeat(CONTENT_OCTETS);
    for _ in 0..options.messages {
        sender.send(room, &content, None).await?;
    }
    let mut millis = Vec::new();
    for _ in 0..options.starts {
        millis.push(instance.start_again().await?.as_secs_f64() * 1e3);
    }
    Ok(Figure {
        options: options.clone(),
        millis: Spread::of(millis).context("at least one start is needed")?,
        load_average: [before, load_average()?],
    })
}
