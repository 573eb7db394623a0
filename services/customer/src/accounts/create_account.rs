//! `POST /create/account`: sign up. Public, and may say what is taken (decision 30).

use std::{borrow::Cow, sync::Arc};

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, ClientAddress, Failure, Kind, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, TooMany},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::seen::Own;
use crate::{
    Customers,
    customer_store::{Customer, NewCustomer, SaveError},
    customers::ROLE_USER,
    domain::{
        AvatarColor, BrokenRule, Budget, Email, FullName, PasswordError, PhoneNumber, Username,
    },
    fields,
    hashing::HashingError,
    password::Password,
};

/// The body.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(description = "An account to create.")]
pub(crate) struct CreateAccount {
    #[schema(schema_with = fields::username)]
    username: String,
    #[schema(schema_with = fields::new_password)]
    password: Password,
    #[schema(schema_with = fields::full_name)]
    full_name: String,
    #[schema(schema_with = fields::email)]
    email: String,
    #[schema(schema_with = fields::phone_number, required = false)]
    phone_number: Option<String>,
    #[schema(schema_with = fields::avatar_color_or_black, required = false)]
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

/// Sign up
#[utoipa::path(
    post,
    path = "/create/account",
    operation_id = "createAccount",
    request_body = CreateAccount,
    responses(
        (status = 200, description = "The new account.", body = Envelope<Own>,
            links(
                ("begin a room with them" = (operation_id = "createRoom",
                    request_body = json!({"targetCustomerIds": ["$response.body#/data/customerId"]}))),
                ("look at them" = (operation_id = "showCustomer",
                    parameters(("customerId" = "$response.body#/data/customerId")))),
                ("see what they are called" = (operation_id = "showFullName",
                    parameters(("customerId" = "$response.body#/data/customerId")))),
                ("log in as them" = (operation_id = "login",
                    request_body = json!({
                        "username": "$request.body#/username",
                        "password": "$request.body#/password",
                    }))),
            )),
        BadBody,
        TooMany,
    )
)]
pub(crate) async fn handle(
    State(customers): State<Arc<Customers>>,
    client: ClientAddress,
    Body(request): Body<CreateAccount>,
) -> Result<Answer<Own>, ApiError> {
    let wanted = check(&customers, request)?;
    // What is taken is told, so it is not to be asked often; what breaks a rule tells nothing and costs nothing.
    let per_hour = customers.settings.sign_ups_per_hour;
    let sign_ups = Budget::sign_ups_from(client, per_hour);
    customers.spend(&sign_ups).await?;
    let customer = create(&customers, wanted).await?;
    Ok(Answer("Account created.", customer.into()))
}

/// A request whose fields are as they should be.
struct Wanted {
    username: String,
    password: Password,
    full_name: String,
    email: String,
    phone_number: Option<String>,
    avatar_color: String,
}

fn check(customers: &Customers, request: CreateAccount) -> Result<Wanted, CreateAccountError> {
    let avatar_color = request.avatar_color.map(AvatarColor::parse).transpose()?;
    let wanted = Wanted {
        username: Username::parse(&request.username)?.into_string(),
        full_name: FullName::parse(&request.full_name)?.into_string(),
        email: Email::parse(&request.email)?.into_string(),
        phone_number: PhoneNumber::parse(request.phone_number.as_deref())?
            .map(PhoneNumber::into_string),
        avatar_color: avatar_color.unwrap_or_default().into_string(),
        password: request.password,
    };
    let about_owner = [&wanted.username, &wanted.full_name, &wanted.email].map(String::as_str);
    let rule = customers.settings.passwords;
    rule.check(&wanted.password, about_owner)?;
    Ok(wanted)
}

async fn create(customers: &Customers, wanted: Wanted) -> Result<Customer, CreateAccountError> {
    let new = NewCustomer {
        password: customers.hashing.hash(wanted.password).await?,
        username: wanted.username,
        full_name: wanted.full_name,
        email: wanted.email,
        phone_number: wanted.phone_number,
        avatar_color: wanted.avatar_color,
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
