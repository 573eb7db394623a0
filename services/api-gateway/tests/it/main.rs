//! The gateway over its router, with a service behind it that tells what it was sent.

mod admission;
mod forwarding;
mod gateway;
mod identity;
