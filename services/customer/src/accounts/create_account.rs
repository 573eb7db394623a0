//! `POST /create/account`: sign up. Public, and may say what is taken (decision 30).

use std::{borrow::Cow, sync::Arc};

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, Failure, Kind, extract::Body};
use serde::Deserialize;

use super::seen::Own;
use crate::{
    Customers,
    customer_store::{Customer, NewCustomer, SaveError},
    customers::ROLE_USER,
    domain::{AvatarColor, BrokenRule, Email, FullName, PasswordError, PhoneNumber, Username},
    hashing::HashingError,
    password::Password,
};

/// The body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateAccount {
    username: String,
    password: Password,
    full_name: String,
    email: String,
    phone_number: Option<String>,
    avatar_color: Option<String>,
}

/// Why an account was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateAccountError {
    /// A field is not as it should be.
    #[error(transparent)]
    Field(#[from] BrokenRule),
    /// The password is refused.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// Something is taken, or the store is down.
    #[error(transparent)]
    Save(#[from] SaveError),
}

/// Carries it out.
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    Body(request): Body<CreateAccount>,
) -> Result<Answer<Own>, ApiError> {
    let customer = create(&customers, request).await?;
    Ok(Answer("Account created.", customer.into()))
}

async fn create(
    customers: &Customers,
    request: CreateAccount,
) -> Result<Customer, CreateAccountError> {
    let username = Username::parse(request.username)?.into_string();
    let full_name = FullName::parse(&request.full_name)?.into_string();
    let email = Email::parse(request.email)?.into_string();
    let phone_number = PhoneNumber::parse(request.phone_number.as_deref())?;
    let avatar_color = request.avatar_color.map(AvatarColor::parse).transpose()?;
    let about_owner = [&username, &full_name, &email].map(String::as_str);
    customers.passwords.check(&request.password, about_owner)?;
    let new = NewCustomer {
        password: customers.hashing.hash(request.password).await?,
        username,
        full_name,
        email,
        phone_number: phone_number.map(PhoneNumber::into_string),
        avatar_color: avatar_color.unwrap_or_default().into_string(),
        roles: vec![ROLE_USER.to_owned()],
    };
    Ok(customers.store.insert(&new).await?)
}

impl Failure for CreateAccountError {
    fn kind(&self) -> Kind {
        self.beneath().kind()
    }

    fn message(&self) -> Cow<'static, str> {
        self.beneath().message()
    }
}

impl CreateAccountError {
    fn beneath(&self) -> &dyn Failure {
        match self {
            Self::Field(error) => error,
            Self::Password(error) => error,
            Self::Hashing(error) => error,
            Self::Save(error) => error,
        }
    }
}
