//! What every service's router does before and after its handlers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bodies;
mod every_answer;
mod hanging_up;
mod idle_connections;
mod log_lines;
mod request_id;
mod requests;
#[cfg(target_os = "linux")]
mod slow_readers;
