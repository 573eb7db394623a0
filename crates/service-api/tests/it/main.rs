//! The clients against a server that answers, refuses, or is not there.

mod membership_check;
mod service_client;
