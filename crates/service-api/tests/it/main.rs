//! The clients against a server that answers, refuses, or is not there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod membership_check;
mod revocation_list;
mod service_client;
