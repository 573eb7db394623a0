use std::fs;

/// It is linked only if librdkafka asks for it; should its handler be renamed one day, our stand-in would be left out.
#[cfg(target_os = "linux")]
#[test]
fn leaders_that_a_broker_names_in_a_refusal_reach_our_handler() {
    let binary = fs::read(env!("CARGO_BIN_EXE_colloquy")).unwrap();
    let handler = b"__wrap_rd_kafka_metadata_update_op";
    assert!(binary.windows(handler.len()).any(|bytes| bytes == handler));
}
