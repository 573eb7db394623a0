//! The HTTP form: what customers do, and questions that other services ask.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::post,
};
use colloquy_chassis::{
    Answer, ApiError, Kind, ServiceName, extract::Body, identity::Identity, router::finish,
};
use colloquy_contracts::CustomerId;
use colloquy_service_api::{
    Account, CredentialCheck as _, CustomerDirectory as _,
    credential_check::{self, Credential},
    customer_directory,
};

use crate::{Customers, accounts};

/// Every route of the service. Whoever serves it puts an [`Identity`] on each request.
pub fn router(customers: Arc<Customers>) -> Router {
    let internal = Router::new()
        .route(credential_check::PATH, post(check_credential))
        .route(customer_directory::PATH, post(name_customers))
        .route_layer(middleware::from_fn(services_only))
        .with_state(Arc::clone(&customers));
    finish(accounts::routes(customers).merge(internal))
}

async fn check_credential(
    State(customers): State<Arc<Customers>>,
    Body(credential): Body<Credential>,
) -> Result<Answer<Option<Account>>, ApiError> {
    let account = customers.check(&credential).await?;
    Ok(Answer("Credential checked.", account))
}

async fn name_customers(
    State(customers): State<Arc<Customers>>,
    Body(ids): Body<Vec<CustomerId>>,
) -> Result<Answer<HashMap<CustomerId, String>>, ApiError> {
    let names = customers.full_names(&ids).await?;
    Ok(Answer("Customers found.", names))
}

/// What comes through the gateway comes from outside, and has no business here (decision 31).
async fn services_only(
    identity: Result<Identity, ApiError>,
    request: Request,
    next: Next,
) -> Response {
    match identity {
        Err(refusal) => refusal.into_response(),
        Ok(identity) if identity.service == ServiceName::ApiGateway => {
            ApiError::new(Kind::Forbidden, "You may not do this.").into_response()
        }
        Ok(_) => next.run(request).await,
    }
}
