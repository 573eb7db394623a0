//! What a service does with calls that carry no credential.

mod log_lines;
