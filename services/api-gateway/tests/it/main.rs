//! The gateway over its router, with a service behind it that tells what it was sent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod admission;
mod broken_services;
mod client_address;
mod cookies;
mod cross_site;
mod every_answer;
mod forwarding;
mod gateway;
mod hanging_instance;
mod hanging_up;
mod http_upstream;
mod identity;
mod identity_headers;
mod logout;
mod slow_clients;
mod sockets;
