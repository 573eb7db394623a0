//! Outgoing mail (contract §4, decision 22): a queued mail is kept until it was delivered, was refused for good, or has
//! expired.
//!
//! A mail is delivered at least once: a process that crashes between the mail server's yes and the removal of the row sends
//! it again, under the same `Message-ID`. Nothing of an address, a subject or a text is ever logged.

#![deny(missing_docs)]

pub mod dev_mail;
mod html;
mod letter;
mod mail_service;
pub mod mail_store;
pub mod mail_transport;
mod recipient;
mod routes;
mod send_mail;
mod sending;

pub use letter::{Letter, UnwritableLetter};
pub use lettre::message::Mailbox;
pub use mail_service::{MailService, Retry, Settings};
pub use mail_store::MailStore;
pub use mail_transport::MailTransport;
pub use recipient::sender;
pub use routes::{openapi, router};
pub use send_mail::SendMailError;
