//! The HTTP form: what customers do, and questions that other services ask.

use std::{collections::HashMap, sync::Arc};

use axum::{Router, extract::State, middleware::from_extractor, routing::post};
use colloquy_chassis::{Answer, ApiError, extract::Body, identity::ServiceCaller, router::finish};
use colloquy_contracts::CustomerId;
use colloquy_service_api::{
    Account, CredentialCheck as _, CustomerDirectory as _,
    credential_check::{self, Credential},
    customer_directory,
};

use crate::{Customers, accounts, passwords};

/// Every route of the service. Whoever serves it puts an [`Identity`](colloquy_chassis::identity::Identity) on each
/// request.
pub fn router(customers: Arc<Customers>) -> Router {
    let internal = Router::new()
        .route(credential_check::PATH, post(check_credential))
        .route(customer_directory::PATH, post(name_customers))
        .route_layer(from_extractor::<ServiceCaller>())
        .with_state(Arc::clone(&customers));
    finish(
        accounts::routes(Arc::clone(&customers))
            .merge(passwords::routes(customers))
            .merge(internal),
    )
}

async fn check_credential(
    State(customers): State<Arc<Customers>>,
    Body(credential): Body<Credential>,
) -> Result<Answer<Option<Account>>, ApiError> {
    let account = customers.credentials.check(&credential).await?;
    Ok(Answer("Credential checked.", account))
}

async fn name_customers(
    State(customers): State<Arc<Customers>>,
    Body(ids): Body<Vec<CustomerId>>,
) -> Result<Answer<HashMap<CustomerId, String>>, ApiError> {
    let names = customers.full_names(&ids).await?;
    Ok(Answer("Customers found.", names))
}
