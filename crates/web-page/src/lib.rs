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
    /// The shortest password that people may choose, in characters; the page says so before one is too short.
    pub password_min_length: usize,
    /// Whether people who are logged in can watch where events are.
    pub flow: bool,
}

/// The page at `/` and under the addresses of its screens, and `/page.json`. All else is left to other routers.
pub fn router(facts: PageFacts) -> Router {
    files::router().route(
        "/page.json",
        get(async move || ([(CACHE_CONTROL, "no-cache")], Json(facts))),
    )
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn the_page_is_given_what_it_has_to_know_of_the_system() {
        let facts = PageFacts {
            demo_users: vec!["user1 / 123".to_owned()],
            mail_at: Some("/dev/mail"),
            password_min_length: 12,
            ..PageFacts::default()
        };
        let request = Request::get("/page.json").body(Body::empty()).unwrap();
        let answer = router(facts).oneshot(request).await.unwrap();
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-cache");
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["demoUsers"], json!(["user1 / 123"]));
        assert_eq!(body["mailAt"], "/dev/mail");
        assert_eq!(body["passwordMinLength"], 12);
    }
}
