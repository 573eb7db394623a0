//! The HTTP form: what customers do, and questions that other services ask.

use std::{collections::HashMap, sync::Arc};

use axum::{Router, extract::State, middleware::from_extractor};
use colloquy_chassis::{
    Answer, ApiError,
    extract::{Body, ListBody},
    router::finish,
};
use colloquy_contracts::{
    CustomerId, Envelope,
    openapi::{BadBody, Forbidden},
};
use colloquy_credentials::identity::ServiceCaller;
use colloquy_service_api::{
    Account, CredentialCheck as _, CustomerDirectory as _,
    credential_check::{self, Credential},
    customer_directory,
};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Customers, accounts, passwords};

/// Every route of the service. The server puts an [`Identity`](colloquy_credentials::identity::Identity) on each request.
pub fn router(customers: Arc<Customers>) -> Router {
    finish(all().with_state(customers).into())
}

/// Every route of [`router`], documented.
#[must_use]
pub fn openapi() -> OpenApi {
    all().into_openapi()
}

fn all() -> OpenApiRouter<Arc<Customers>> {
    let internal = OpenApiRouter::new()
        .routes(routes!(check_credential))
        .routes(routes!(name_customers))
        .route_layer(from_extractor::<ServiceCaller>());
    accounts::routes()
        .merge(passwords::routes())
        .merge(internal)
}

/// Is this the password of that account?
#[utoipa::path(
    post,
    path = credential_check::PATH,
    operation_id = "checkCredential",
    request_body = Credential,
    responses(
        (status = 200, description = "The account; null for an unknown user and for a wrong password.",
            body = Envelope<Option<Account>>),
        BadBody,
        Forbidden,
    )
)]
async fn check_credential(
    State(customers): State<Arc<Customers>>,
    Body(credential): Body<Credential>,
) -> Result<Answer<Option<Account>>, ApiError> {
    let account = customers.credentials.check(&credential).await?;
    Ok(Answer("Credential checked.", account))
}

/// What are these people called, and do they exist?
#[utoipa::path(
    post,
    path = customer_directory::PATH,
    operation_id = "nameCustomers",
    request_body = Vec<CustomerId>,
    responses(
        (status = 200, description = "The full names of those who exist, by id.",
            body = Envelope<HashMap<String, String>>),
        BadBody,
        Forbidden,
    )
)]
async fn name_customers(
    State(customers): State<Arc<Customers>>,
    ListBody(ids): ListBody<CustomerId>,
) -> Result<Answer<HashMap<CustomerId, String>>, ApiError> {
    let names = customers.full_names(&ids).await?;
    Ok(Answer("Customers found.", names))
}
