//! `GET /openapi.json` and `GET /docs` (contract §3): what clients may call, as the services' own code says.
//!
//! The page is a few files of ours and loads nothing from elsewhere; its script reads `/openapi.json`.

mod clients;

use axum::{Router, body::Bytes, routing::get};
use http::{HeaderName, header};
use utoipa::openapi::OpenApi;

pub use clients::for_clients;

/// The page needs its own script and style, and the document; nothing else is loaded, and no page may frame it.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The document and the page that shows it. Merge it beside the gateway's own routes.
///
/// # Panics
/// The document cannot be written as JSON, which no document of [`for_clients`] does.
pub fn router(openapi: &OpenApi) -> Router {
    let document = openapi
        .to_json()
        .expect("a document holds only texts, numbers and lists");
    Router::new()
        .route("/openapi.json", file("application/json", document))
        .route(
            "/docs",
            file(
                "text/html; charset=utf-8",
                include_str!("documents/docs.html"),
            ),
        )
        .route(
            "/docs/app.js",
            file(
                "text/javascript; charset=utf-8",
                include_str!("documents/app.js"),
            ),
        )
        .route(
            "/docs/style.css",
            file(
                "text/css; charset=utf-8",
                include_str!("documents/style.css"),
            ),
        )
}

/// A file that does not change while the process runs, but may with the next version.
fn file(content_type: &'static str, text: impl Into<Bytes>) -> axum::routing::MethodRouter {
    let text: Bytes = text.into();
    let headers: [(HeaderName, &str); 3] = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
    ];
    get(async move || (headers, text))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::{Request, StatusCode};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn get(path: &str) -> (http::response::Parts, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router(&for_clients([])).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn contract_3_documents_openapi_json_is_the_document_itself() {
        let (parts, body) = get("/openapi.json").await;
        assert_eq!(parts.status, StatusCode::OK);
        assert_eq!(parts.headers["content-type"], "application/json");
        let document: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(document["info"]["title"], "Colloquy");
    }

    #[tokio::test]
    async fn contract_3_documents_docs_loads_its_own_files_alone() {
        let (page, html) = get("/docs").await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        let loaded: Vec<&str> = html
            .split(['"', ' '])
            .filter(|word| word.starts_with('/') && word.contains('.'))
            .collect();
        assert!(loaded.contains(&"/docs/app.js") && loaded.contains(&"/docs/style.css"));
        for path in loaded {
            let (parts, text) = get(path).await;
            assert_eq!(parts.status, StatusCode::OK, "{path}");
            assert!(!text.contains("://"), "{path} names another server");
        }
        assert!(!html.contains("://"));
    }
}
