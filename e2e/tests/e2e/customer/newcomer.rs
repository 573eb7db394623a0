//! Customers of a test's own, so that tests change and search for no other customer.

use anyhow::Result;
use colloquy_e2e::client::{Client, NewAccount};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::Scene;

/// A customer that has just signed up and logged in.
pub struct Newcomer {
    pub id: i64,
    pub account: NewAccount,
    pub client: Client,
}

impl Scene {
    pub async fn newcomer(&self, full_name: &str) -> Result<Newcomer> {
        let anonymous = self.anonymous()?;
        let account = NewAccount::called(full_name);
        let id = anonymous.sign_up(&account).await?;
        let client = anonymous
            .login(&account.username, &account.password)
            .await?;
        Ok(Newcomer {
            id,
            account,
            client,
        })
    }
}

impl Newcomer {
    /// `Customer` of the contract, as they signed up.
    pub fn whole(&self) -> Value {
        let mut customer = self.account.body();
        customer["customerId"] = json!(self.id);
        if let Some(fields) = customer.as_object_mut() {
            fields.remove("password");
        }
        customer
    }

    /// What others see.
    pub fn in_part(&self) -> Value {
        let (hidden, shown) = self.account.phone_number.split_at(16);
        json!({
            "customerId": self.id,
            "username": self.account.username,
            "fullName": self.account.full_name,
            "avatarColor": "#00A1b2",
            "phoneNumber": format!("{}{shown}", "*".repeat(hidden.len())),
        })
    }
}

/// A word that no other name holds.
pub fn unique_word() -> String {
    Uuid::new_v4().simple().to_string()
}
