//! What a person sees first: the greeting at the terminal and the page at `/`.

use std::path::Path;

use axum::{Router, http::header::CONTENT_SECURITY_POLICY, response::Html, routing::get};

const PAGE: &str = include_str!("home.html");
/// The page's style is in it; there is nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page at `/`, until there is a web client.
pub fn router() -> Router {
    Router::new().route(
        "/",
        get(|| async { ([(CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE)) }),
    )
}

/// Tells where the system is and where it keeps its data.
pub fn greet(url: &str, folder: &Path) {
    println!(
        "Colloquy is ready at {url}\n  data in {}\n  stop with Ctrl-C",
        folder.display()
    );
}

/// Tells the demo accounts, once.
pub fn say_if_seeded(seeded: bool) {
    if seeded {
        println!(
            "Made three accounts to try things with: user1 / 123, user2 / 1234, user3 / 12345"
        );
    }
}
