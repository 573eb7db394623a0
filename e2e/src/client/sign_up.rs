//! Signing up: as many customers as a test needs, none of whom any other test knows.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::http::{CallError, Client};

/// The fields of a sign-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// What to log in with.
    pub username: String,
    /// What to log in with.
    pub password: String,
    /// The name that messages carry.
    pub full_name: String,
    /// The mail address.
    pub email: String,
    /// The phone number: digits alone.
    pub phone_number: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    customer_id: i64,
}

impl NewAccount {
    /// An account of which only the full name may also be another account's.
    #[must_use]
    pub fn called(full_name: &str) -> Self {
        let unique = Uuid::new_v4();
        let digits = unique.as_u128() % 10_u128.pow(19);
        Self {
            username: format!("new-{}", unique.simple()),
            password: "correct horse battery".to_owned(),
            full_name: full_name.to_owned(),
            email: format!("New.{}@Example.com", unique.simple()),
            phone_number: format!("{digits:019}"),
        }
    }

    /// The body of `POST /customer/create/account`.
    #[must_use]
    pub fn body(&self) -> Value {
        json!({
            "username": self.username,
            "password": self.password,
            "fullName": self.full_name,
            "email": self.email,
            "phoneNumber": self.phone_number,
            "avatarColor": "#00A1b2",
        })
    }
}

impl Client {
    /// Signs up, and gives the new customer's id. The session, if any, stays as it was.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn sign_up(&self, account: &NewAccount) -> Result<i64, CallError> {
        let path = "/customer/create/account";
        let made: Made = self.post(path, &account.body()).await?.parsed()?;
        Ok(made.customer_id)
    }
}
