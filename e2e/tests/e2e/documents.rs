//! `GET /openapi.json` and `GET /docs`: what there is to call, for machines and for people (contract §3, documents).

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::Value;

use crate::scene::scene;

/// An operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    pub method: Method,
    /// With its parameters in braces.
    pub path: String,
    /// Whether it needs no session.
    pub is_public: bool,
}

impl Operation {
    /// The path with a number for each parameter.
    pub fn path_with(&self, id: i64) -> String {
        let segments = self.path.split('/').map(|segment| {
            if segment.starts_with('{') {
                id.to_string()
            } else {
                segment.to_owned()
            }
        });
        segments.collect::<Vec<_>>().join("/")
    }
}

/// Every operation that the system says it has, so that a new one is in every table of tests.
pub async fn operations(url: &str) -> Result<Vec<Operation>> {
    let document: Value = reqwest::get(format!("{url}/openapi.json"))
        .await?
        .error_for_status()?
        .json()
        .await?;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().context("paths")? {
        for (method, operation) in item.as_object().context("operations")? {
            let Ok(method) = method.to_uppercase().parse::<Method>() else {
                continue;
            };
            if !matches!(method, Method::GET | Method::POST) {
                continue;
            }
            let security = operation["security"].as_array();
            operations.push(Operation {
                method,
                path: path.clone(),
                is_public: security.is_some_and(Vec::is_empty),
            });
        }
    }
    Ok(operations)
}

#[tokio::test]
async fn contract_documents_every_row_of_the_contract_is_in_the_document_and_nothing_internal()
-> Result<()> {
    let operations = operations(scene().await?.url).await?;
    let mut listed: Vec<String> = operations
        .iter()
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    listed.sort();
    let mut rows = vec![
        "POST /auth/login",
        "POST /auth/logout",
        "POST /customer/create/account",
        "GET /customer/info",
        "POST /customer/info",
        "POST /customer/changePass",
        "POST /customer/forgetPass/initiate",
        "POST /customer/forgetPass/resend",
        "POST /customer/forgetPass/confirm",
        "POST /customer/forgetPass/reset",
        "GET /customer/info/customerId/{customerId}",
        "GET /customer/info/phoneNumber/{phoneNumber}",
        "GET /customer/info/fullName/{fullName}",
        "GET /customer/fullName/customerId/{customerId}",
        "POST /command/room",
        "POST /command/message",
        "POST /command/read",
        "GET /command/flow",
        "GET /query/rooms",
        "GET /query/message/roomId/{roomId}",
        "GET /query/message/roomId/{roomId}/index/{indexMessageId}",
        "GET /query/onlineStatus/roomId/{roomId}",
        "GET /query/readMarkers/roomId/{roomId}",
    ];
    rows.sort_unstable();
    assert_eq!(listed, rows);
    let public: Vec<&str> = operations
        .iter()
        .filter(|operation| operation.is_public)
        .map(|operation| operation.path.as_str())
        .collect();
    assert_eq!(public.len(), 7, "{public:?}");
    Ok(())
}

#[tokio::test]
async fn contract_documents_the_page_loads_nothing_from_elsewhere() -> Result<()> {
    let scene = scene().await?;
    let page = reqwest::get(format!("{}/docs", scene.url)).await?;
    assert_eq!(page.status(), 200);
    let policy = page.headers().get("content-security-policy");
    let policy = policy.context("a policy")?.to_str()?.to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(
        !policy.contains("http") && !policy.contains('*'),
        "{policy}"
    );
    let html = page.text().await?;
    for remote in [
        "src=\"http",
        "href=\"http",
        "src=\"//",
        "href=\"//",
        "@import",
    ] {
        assert!(!html.contains(remote), "{remote}");
    }
    Ok(())
}
