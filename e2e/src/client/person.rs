//! A customer of a test's own, and all that this customer can ask for.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{Client, NewAccount};

/// A customer with the session of a login, which a test expects to outlive what it does to the system.
#[derive(Clone, Debug)]
pub struct Person {
    /// The customer's.
    pub id: i64,
    /// With the password.
    pub account: NewAccount,
    /// Of that session.
    pub client: Client,
}

impl Person {
    /// Signs a person of that name up, and in.
    ///
    /// # Errors
    /// The system does not answer as it should.
    pub async fn newcomer(anonymous: &Client, full_name: &str) -> Result<Self> {
        let account = NewAccount::called(full_name);
        let id = anonymous.sign_up(&account).await?;
        let client = anonymous
            .login(&account.username, &account.password)
            .await?;
        Ok(Self {
            id,
            account,
            client,
        })
    }

    /// The own account, the list of rooms, and the history and the markers of each of these rooms: the `data` of each answer.
    ///
    /// # Errors
    /// An answer is another than 200, or there is none.
    pub async fn everything(&self, rooms: &[i64]) -> Result<Vec<Value>> {
        let mut paths = vec!["/customer/info".to_owned(), "/query/rooms".to_owned()];
        for room in rooms {
            paths.push(format!("/query/message/roomId/{room}?limit=100"));
            paths.push(format!("/query/readMarkers/roomId/{room}"));
        }
        let mut answers = Vec::new();
        for path in paths {
            let answer = self.client.get(&path).await?;
            ensure!(answer.status == 200, "{path}: {answer:?}");
            answers.push(answer.data().clone());
        }
        Ok(answers)
    }
}
