//! Every container is replaced, one after the other, while people write, ask and watch.

use anyhow::Result;
use colloquy_e2e::rolling;

use crate::compose::{replace, services};

/// While this one is replaced, there may be no answer at all.
const DOOR: &str = "nginx";

#[tokio::test]
async fn f31_replacing_every_container_under_load_loses_nothing() -> Result<()> {
    rolling::restart_all(&services().await?, Some(DOOR), replace).await
}
