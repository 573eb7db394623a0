//! Auth as a process.

use colloquy_chassis::ServiceName;

use crate::{process::Process, settings::services};

pub async fn run(process: Process) -> anyhow::Result<()> {
    let credentials = process.client(ServiceName::Customer)?;
    let auth = services::auth(
        &process.settings,
        &process.keys,
        credentials,
        &process.clock,
    )?;
    process.serve_internal(colloquy_auth::router(auth)).await
}
