//! `POST /create/account`: sign up. Public, and may say what is taken (decision 30).

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, ClientAddress, extract::Body};
use colloquy_contracts::{
    Envelope,
    openapi::{BadBody, TooMany},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::profile_view::OwnProfile;
use crate::{
    Customers,
    customer_store::NewCustomer,
    customers::ROLE_USER,
    domain::{AvatarColor, Email, FullName, PhoneNumber, Username, rate_limits},
    fields,
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

/// Sign up
#[utoipa::path(
    post,
    path = "/create/account",
    operation_id = "createAccount",
    request_body = CreateAccount,
    responses(
        (status = 200, description = "The new account.", body = Envelope<OwnProfile>,
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
) -> Result<Answer<OwnProfile>, ApiError> {
    let avatar_color = request.avatar_color.map(AvatarColor::parse).transpose()?;
    let username = Username::parse(&request.username)?.into_string();
    let full_name = FullName::parse(&request.full_name)?.into_string();
    let email = Email::parse(&request.email)?.into_string();
    let phone_number = PhoneNumber::parse(request.phone_number.as_deref())?;
    let rule = customers.settings.passwords;
    rule.check(&request.password, [&username, &full_name, &email])?;
    // The answer says what is taken, so it is not to be asked often; what breaks a rule tells nothing and costs nothing.
    let per_hour = customers.settings.sign_ups_per_hour;
    let sign_ups = rate_limits::sign_ups_from(client, per_hour);
    customers.try_acquire(sign_ups).await?;
    let new = NewCustomer {
        password: customers.hashing.hash(request.password).await?,
        username,
        full_name,
        email,
        phone_number: phone_number.map(PhoneNumber::into_string),
        avatar_color: avatar_color.unwrap_or_default().into_string(),
        roles: vec![ROLE_USER.to_owned()],
    };
    let customer = customers.store.insert(&new).await?;
    Ok(Answer("Account created.", customer.into()))
}
