//! The accounts of an all-in-one system: customer management, auth, codes and mail, which need each other.

use std::{num::NonZeroUsize, sync::Arc};

use axum::Router;
use colloquy_auth::Auth;
use colloquy_customer::{Credentials, Customers, HashingPool, ResetTicket};
use colloquy_mail::{
    MailService, MailTransport, dev_mail,
    mail_transport::{folder::FolderTransport, smtp::SmtpTransport},
};
use colloquy_otp::{Otp, SystemRandomness};
use colloquy_service_api::RoomsOfCustomer;

use super::Dependencies;
use crate::{data_folder::DataFolder, embedded::AccountStores, greeting, settings::services};

/// The services of accounts that the rest of the process needs.
pub struct Accounts {
    pub customers: Arc<Customers>,
    pub auth: Arc<Auth>,
    /// Shows the mails of the folder, unless mails go to a mail server.
    pub dev_mail: Option<Router>,
    /// What the page offers to a visitor who has no account.
    pub demo_logins: Vec<String>,
}

/// Starts the accounts. `rooms` answers which customers share a room; `is_demo` is the default of the demo accounts.
///
/// # Errors
/// A setting or a key cannot be used.
pub(super) async fn start(
    shared: &Dependencies<'_>,
    folder: &DataFolder,
    stores: AccountStores,
    rooms: Arc<dyn RoomsOfCustomer>,
    is_demo: bool,
) -> anyhow::Result<Accounts> {
    let Dependencies {
        settings,
        keys,
        clock,
        tasks,
        ..
    } = shared;
    let hashing = HashingPool::start(NonZeroUsize::MIN, services::HASHING_QUEUE)?;
    let credentials = Credentials::new(stores.customers, hashing);
    let auth = services::auth(
        settings,
        keys,
        credentials.clone(),
        stores.sessions,
        stores.logins,
        clock,
    )?;
    auth.start_sweeping(tasks);

    let (transport, dev_mail): (Arc<dyn MailTransport>, _) = match settings.smtp()? {
        Some(server) => (Arc::new(SmtpTransport::new(server)?), None),
        None => {
            let kept = FolderTransport::open(&folder.join("mails")).await?;
            (Arc::new(kept.clone()), Some(dev_mail::router(kept)))
        }
    };
    let from = services::mail(settings)?;
    let mail = MailService::new(
        stores.mails,
        &keys.mail_seal()?,
        transport,
        Arc::clone(clock),
        from,
    );
    mail.start_sending(tasks);

    let dependencies = colloquy_customer::Dependencies {
        codes: Otp::new(
            Arc::clone(&stores.expiring),
            &keys.otp_seal()?,
            Arc::new(SystemRandomness::default()),
            Arc::clone(clock),
        ),
        mailer: mail,
        sessions: auth.clone(),
        confirmations: stores.expiring,
        rooms,
        new_ticket: ResetTicket::random,
    };
    let reset_without_ticket = settings
        .accounts
        .reset_without_ticket
        .unwrap_or(!settings.clients_may_share_an_address());
    let choices = services::customers(settings, reset_without_ticket);
    let customers = Customers::start(credentials, dependencies, choices, Arc::clone(clock), tasks);
    let mut demo_logins = Vec::new();
    if settings.accounts.seed_demo_customers.unwrap_or(is_demo) {
        greeting::say_if_seeded(customers.seed_demo().await?);
        demo_logins = customers.demo_logins().await?;
    }
    Ok(Accounts {
        customers,
        auth,
        dev_mail,
        demo_logins,
    })
}
