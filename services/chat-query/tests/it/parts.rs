//! The real parts that tests run against.

/// The address of a part.
pub fn address(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable}: run the tests with `cargo xtask test`, which starts the real parts")
    })
}

/// A name that no other test has.
pub fn unique(what: &str) -> String {
    format!("{what}_{}", uuid::Uuid::new_v4().simple())
}
