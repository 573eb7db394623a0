//! The routes that clients may call, from the documents of the services.

use axum::Router;
use colloquy_api_gateway::documents::{self, for_clients};
use colloquy_chassis::ServiceName;

/// `/openapi.json` and `/docs`.
pub fn router() -> Router {
    documents::router(&for_clients([
        (ServiceName::Auth, colloquy_auth::openapi()),
        (ServiceName::Customer, colloquy_customer::openapi()),
        (ServiceName::ChatCommand, colloquy_chat_command::openapi()),
        (ServiceName::ChatQuery, colloquy_chat_query::openapi()),
    ]))
}
