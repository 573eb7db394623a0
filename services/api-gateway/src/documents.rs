//! `GET /openapi.json` (contract §3): what clients may call, as the services' own code says. The page at `/docs` that shows
//! it belongs to the web page.

mod clients;

use axum::{Router, body::Bytes, routing::get};
use http::header;
use utoipa::openapi::OpenApi;

pub use clients::for_clients;

/// The document. Merge it beside the gateway's own routes.
///
/// # Panics
/// The document cannot be written as JSON, which no document of [`for_clients`] does.
pub fn router(openapi: &OpenApi) -> Router {
    let document = openapi
        .to_json()
        .expect("a document holds only texts, numbers and lists");
    let document = Bytes::from(document);
    // It does not change while the process runs, but may with the next version.
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Router::new().route("/openapi.json", get(async move || (headers, document)))
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
}
