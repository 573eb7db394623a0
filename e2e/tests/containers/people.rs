//! People who have just signed up.

use anyhow::Result;
use colloquy_e2e::{
    client::{Client, NewAccount},
    harness::System,
};

/// A customer with the session of the first login, which has to outlive every restart.
pub struct Person {
    /// The customer's.
    pub id: i64,
    /// With the password.
    pub account: NewAccount,
    /// Of that session.
    pub client: Client,
}

/// Signs a person of that name up, and in.
///
/// # Errors
/// The system does not answer as it should.
pub async fn newcomer(system: &System, name: &str) -> Result<Person> {
    let anonymous = system.anonymous()?;
    let account = NewAccount::called(name);
    let id = anonymous.sign_up(&account).await?;
    let client = anonymous
        .login(&account.username, &account.password)
        .await?;
    Ok(Person {
        id,
        account,
        client,
    })
}
