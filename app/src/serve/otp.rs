//! One-time codes as a process.

use std::sync::Arc;

use colloquy_otp::{Otp, SystemRandomness};

use crate::process::Process;

pub async fn run(process: Process) -> anyhow::Result<()> {
    let otp = Otp::new(
        process.redis()?,
        &process.keys.otp_seal()?,
        Arc::new(SystemRandomness::default()),
        Arc::clone(&process.clock),
    );
    process.serve_internal(colloquy_otp::router(otp)).await
}
