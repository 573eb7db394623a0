//! What customers do with passwords; paths as they are behind the gateway.
//!
//! A customer who has forgotten a password asks for a code ([`request_code`]), proves with it that the mailbox is
//! theirs ([`confirm_reset`]), and then chooses a new password ([`reset`]). No answer on the way tells whether an
//! address belongs to an account (S05).

pub(crate) mod change;
pub(crate) mod code_mails;
pub(crate) mod confirm_reset;
pub(crate) mod confirmations;
mod mail_allowance;
mod mail_text;
pub(crate) mod request_code;
pub(crate) mod requester;
pub(crate) mod reset;
pub(crate) mod reset_ticket;
pub(crate) mod session_revocations;
mod typed_code;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Customers;

/// The routes of this folder.
pub(crate) fn routes() -> OpenApiRouter<Arc<Customers>> {
    OpenApiRouter::new()
        .routes(routes!(change::handle))
        .routes(routes!(request_code::initiate))
        .routes(routes!(request_code::resend))
        .routes(routes!(confirm_reset::handle))
        .routes(routes!(reset::handle))
}
