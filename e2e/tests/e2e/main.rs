//! The contract from outside. No test asks in which mode the system runs (invariant 9): each makes rooms of its
//! own, so that all run at once, and again and again, against one system.

mod auth {
    mod guesses;
    mod key_rotation;
    mod login;
    mod logout;
    mod timing;
}
mod command {
    mod flow;
    mod idempotency;
    mod message;
    mod read;
    mod room;
}
mod customer {
    mod change_password;
    mod create_account;
    mod info;
    mod info_of_others;
    pub mod newcomer;
    mod reset_password;
    mod search;
    mod spellings;
}
mod gateway {
    mod authentication;
    mod bad_tokens;
    mod every_route;
    mod host;
    mod identity;
    mod internal;
    mod origin;
    mod routing;
    mod spoofing;
}
mod query {
    mod message;
    mod rooms;
}
mod web_page;
mod ws {
    mod connect;
    mod frames;
    mod hostile;
    mod presence;
    mod push;
    mod reading;
    mod rfc6455;
    mod subscribe;
}
mod access;
mod browser;
mod canaries;
mod client_library;
mod documents;
mod envelope;
mod path_of_one_message;
mod scene;
mod stock_client;
mod traces;
mod watching;
