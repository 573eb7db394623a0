//! The demo customers that send and subscribe.

use anyhow::Result;
use colloquy_e2e::{
    client::{Client, Seeded, USER1, USER2, USER3},
    harness::eventually,
};

/// The three demo customers.
pub const CUSTOMERS: [Seeded; 3] = [USER1, USER2, USER3];

/// The three demo customers, logged in.
///
/// # Errors
/// One cannot log in.
pub async fn clients(url: &str) -> Result<Vec<Client>> {
    let anonymous = &Client::new(url)?;
    let mut clients = Vec::new();
    for customer in CUSTOMERS {
        // The run before may have left a process that is just coming back.
        let client = eventually("a login", || async {
            let login = anonymous.login(customer.username, customer.password);
            Ok(login.await.ok())
        });
        clients.push(client.await?);
    }
    Ok(clients)
}
