//! Links the binary with our stand-in for the one function of librdkafka that crashes it: see `leader_hints.c`.

use std::{env, path::Path};

const BROKEN: &str = "rd_kafka_metadata_update_op";
const STAND_IN: &str = "leader_hints.c";

fn main() {
    println!("cargo::rerun-if-changed={STAND_IN}");
    // Only GNU's linker and those like it put one function in the place of another.
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    let folder = env::var("OUT_DIR").expect("cargo names the folder");
    cc::Build::new()
        .file(STAND_IN)
        .cargo_metadata(false)
        .compile("leader_hints");
    println!("cargo::rustc-link-arg-bins=-Wl,--wrap={BROKEN}");
    // Behind librdkafka, which asks for it.
    println!(
        "cargo::rustc-link-arg-bins={}",
        Path::new(&folder).join("libleader_hints.a").display()
    );
}
