//! The web page (`web/`), as part of the binary: its files under `/`, and what it has to know of this system.

mod files;

use axum::{Json, Router, routing::get};
use http::header::CACHE_CONTROL;
use serde::Serialize;

/// What the page shows of a system beyond the contract. Readable without a session: it holds no secret.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageFacts {
    /// Demo accounts that may be offered to a visitor, each `username / password`.
    pub demo_users: Vec<String>,
    /// The path at which this machine's user reads the mails, where they are not sent.
    pub mail_at: Option<&'static str>,
}

/// The page at `/` and under the addresses of its screens, and `/page.json`. All else is left to other routers.
pub fn router(facts: PageFacts) -> Router {
    files::router().route(
        "/page.json",
        get(async move || ([(CACHE_CONTROL, "no-cache")], Json(facts))),
    )
}
