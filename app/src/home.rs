//! The greeting at the terminal and the page at `/`.

use std::path::Path;

use axum::{
    Router,
    http::{
        HeaderMap,
        header::{CONTENT_SECURITY_POLICY, HOST},
    },
    response::{Html, IntoResponse},
    routing::get,
};

use crate::settings::Origin;

const PAGE: &str = include_str!("home.html");
/// The page's style is in it; there is nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page at `/`, until there is a web client. It shows the public address, or else the one that it was asked at.
pub fn router(public: Option<Origin>) -> Router {
    Router::new().route(
        "/",
        get(|headers: HeaderMap| async move { page(public.as_ref(), &headers) }),
    )
}

fn page(public: Option<&Origin>, headers: &HeaderMap) -> impl IntoResponse + use<> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    // Read as an origin, a host holds nothing that would mean something in a page or a shell.
    let asked = host.and_then(|host| Origin::try_from(format!("http://{host}")).ok());
    let url = public.or(asked.as_ref()).map(Origin::to_string);
    let page = PAGE.replace("{{url}}", &url.unwrap_or_default());
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(page))
}

/// Prints the address of the system and its data folder.
pub fn greet(url: &str, folder: &Path) {
    println!(
        "Colloquy is ready at {url}\n  data in {}\n  stop with Ctrl-C",
        folder.display()
    );
}

/// Prints the demo accounts if they were made.
pub fn say_if_seeded(seeded: bool) {
    if seeded {
        println!(
            "Made three accounts to try things with: user1 / 123, user2 / 1234, user3 / 12345"
        );
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn b26_the_page_shows_the_address_that_leads_to_it() {
        let chat = Origin::try_from("https://chat.example".to_owned()).ok();
        for (public, host, expected) in [
            (None, "127.0.0.1:9000", "http://127.0.0.1:9000"),
            (None, "[::1]:9000", "http://[::1]:9000"),
            (None, "<script>", ""),
            (None, "a;rm", ""),
            (chat, "127.0.0.1:9000", "https://chat.example"),
        ] {
            let headers = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
            let body = page(public.as_ref(), &headers).into_response().into_body();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let text = String::from_utf8(body.to_vec()).unwrap();
            let line = text.lines().find(|line| line.contains("url=")).unwrap();
            assert_eq!(line.split_once("url=").unwrap().1, expected, "{host}");
        }
    }
}
