//! The three demo accounts (contract §3), for trying the system out.

use colloquy_chassis::{Failure, Kind};
use colloquy_sql::StoreError;

use crate::{
    Customers, customer_store::NewCustomer, customers::ROLE_USER, hashing::HashingError,
    password::Password,
};

/// Username, password, full name, mail address, phone number, colour; in the order of their ids, from 1.
const DEMO: [[&str; 6]; 3] = [
    [
        "user1",
        "123",
        "Vũ Thanh Hải",
        "user1@example.com",
        "0901234567",
        "#4CAF50",
    ],
    [
        "user2",
        "1234",
        "Huỳnh Đặng Tấn Phát",
        "user2@example.com",
        "0918765432",
        "#2196F3",
    ],
    [
        "user3",
        "12345",
        "Nguyễn Anh Quốc",
        "user3@example.com",
        "0987654321",
        "#FF9800",
    ],
];

/// Why the demo accounts were not made.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// Their passwords could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Failure for SeedError {
    fn kind(&self) -> Kind {
        match self {
            Self::Hashing(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
}

impl Customers {
    /// Makes the demo accounts if there is no account at all, and says whether it did.
    ///
    /// # Errors
    /// The store is down; nothing was made.
    pub async fn seed_demo(&self) -> Result<bool, SeedError> {
        if !self.store.is_empty().await? {
            return Ok(false);
        }
        let mut customers = Vec::with_capacity(DEMO.len());
        for [
            username,
            password,
            full_name,
            email,
            phone_number,
            avatar_color,
        ] in DEMO
        {
            customers.push(NewCustomer {
                username: username.to_owned(),
                password: self.hashing.hash(Password::new(password)).await?,
                full_name: full_name.to_owned(),
                email: email.to_owned(),
                phone_number: Some(phone_number.to_owned()),
                avatar_color: avatar_color.to_owned(),
                roles: vec![ROLE_USER.to_owned()],
            });
        }
        Ok(self.store.seed(&customers).await?)
    }

    /// The demo accounts that there are, each `username / password`, for those who may try the system out. A password that
    /// was changed since is not known here.
    ///
    /// # Errors
    /// The store could not tell.
    pub async fn demo_logins(&self) -> Result<Vec<String>, StoreError> {
        let mut logins = Vec::new();
        for [username, password, ..] in DEMO {
            if self.store.by_username(username).await?.is_some() {
                logins.push(format!("{username} / {password}"));
            }
        }
        Ok(logins)
    }
}
