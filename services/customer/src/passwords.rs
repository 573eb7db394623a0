//! What customers do with passwords, one endpoint a file; paths as they are behind the gateway.
//!
//! Who has forgotten a password asks for a code ([`initiate_reset`], [`resend_code`]), proves with it that the mailbox
//! is theirs ([`confirm_reset`]), and then chooses a new password ([`reset`]). Nobody learns on the way whether an
//! address belongs to an account (S05).

pub(crate) mod change;
pub(crate) mod code_mails;
mod code_request;
pub(crate) mod confirm_reset;
pub(crate) mod confirmations;
pub(crate) mod initiate_reset;
mod mail_allowance;
mod mail_text;
pub(crate) mod replacing;
pub(crate) mod requester;
pub(crate) mod resend_code;
pub(crate) mod reset;
pub(crate) mod reset_ticket;
mod typed_code;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Customers;

/// The routes of this folder.
pub(crate) fn routes() -> OpenApiRouter<Arc<Customers>> {
    OpenApiRouter::new()
        .routes(routes!(change::handle))
        .routes(routes!(initiate_reset::handle))
        .routes(routes!(resend_code::handle))
        .routes(routes!(confirm_reset::handle))
        .routes(routes!(reset::handle))
}
