//! The gateway over its router, with a service behind it that tells what it was sent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod admission;
mod forwarding;
mod gateway;
mod http_upstream;
mod identity;
mod logout;
