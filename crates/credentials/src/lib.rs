//! How customers and services prove who they are: session tokens, tokens between services, and the keys of both.
//!
//! Start at [`session_verifier::SessionVerifier`] for customers and at [`internal_token::InternalVerifier`] for services;
//! handlers take an [`identity::Caller`].

pub mod cookies;
mod hand_out;
pub mod identity;
pub mod internal_token;
pub mod key_check;
pub mod keys;
mod public_key;
pub mod seal;
pub mod session_algorithm;
pub mod session_keys;
pub mod session_token;
pub mod session_verifier;
pub mod token_keys;
