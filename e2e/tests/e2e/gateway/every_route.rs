//! What holds on every route of the document, so that a new one cannot be missed: strangers' pages are refused (reliability.md
//! S12), no client gets in without a session (S16), and browsers get the same headers (S22).

use anyhow::Result;
use colloquy_e2e::client::{Answer, Client};
use reqwest::{Method, header::CONTENT_TYPE};

use crate::{
    documents::{Operation, operations},
    scene::{Scene, assert_common, scene},
};

type Headers = &'static [(&'static str, &'static str)];

/// How a page of a stranger, or a form, gives itself away: headers, the content type, the status.
const STRANGERS: [(Headers, &str, u16); 7] = [
    (
        &[("origin", "https://evil.example")],
        "application/json",
        403,
    ),
    (&[("origin", "null")], "application/json", 403),
    (&[("sec-fetch-site", "cross-site")], "application/json", 403),
    (
        &[
            ("origin", "https://evil.example"),
            ("sec-fetch-mode", "navigate"),
        ],
        "application/x-www-form-urlencoded",
        403,
    ),
    (&[("host", "evil.example")], "application/json", 421),
    (&[], "text/plain", 415),
    (&[], "multipart/form-data; boundary=x", 415),
];

async fn send(
    client: &Client,
    operation: &Operation,
    headers: &[(&str, &str)],
    content_type: &str,
) -> Result<Answer> {
    let path = operation.path_with(1);
    let mut request = client.request(operation.method.clone(), &path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if operation.method == Method::POST {
        request = request.header(CONTENT_TYPE, content_type).body("{}");
    }
    Ok(client.fetch(request).await?)
}

/// A client with a session of its own, and one without.
async fn callers(scene: &Scene) -> Result<[Client; 2]> {
    let member = scene.newcomer("On Every Route").await?.client;
    Ok([member, scene.anonymous()?])
}

#[tokio::test]
async fn s12_every_change_refuses_the_pages_and_forms_of_strangers() -> Result<()> {
    let scene = scene().await?;
    let [me, anonymous] = callers(&scene).await?;
    for operation in operations(scene.url).await? {
        if operation.method != Method::POST {
            continue;
        }
        let is_logout = operation.path == "/auth/logout";
        for (headers, content_type, status) in STRANGERS {
            // Nothing is in the body of a logout, so that its type says nothing.
            if is_logout && status == 415 {
                continue;
            }
            let caller = if operation.is_public { &anonymous } else { &me };
            let answer = send(caller, &operation, headers, content_type).await?;
            let what = format!("{} with {headers:?} {content_type}", operation.path);
            assert_eq!(answer.status, status, "{what}: {answer:?}");
        }
        if !is_logout {
            let plain = send(&me, &operation, &[], "application/json").await?;
            assert!(!matches!(plain.status, 403 | 415 | 421), "{plain:?}");
        }
    }
    assert_eq!(
        me.get("/query/rooms").await?.status,
        200,
        "nothing ended the session"
    );
    Ok(())
}

#[tokio::test]
async fn s16_every_route_that_is_not_public_denies_a_client_without_a_session() -> Result<()> {
    let scene = scene().await?;
    let [_, anonymous] = callers(&scene).await?;
    for operation in operations(scene.url).await? {
        let answer = send(&anonymous, &operation, &[], "application/json").await?;
        let denied = answer.status == 401;
        // A login without a password is no login: 400.
        assert_eq!(denied, !operation.is_public, "{operation:?}: {answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn s22_every_answer_of_every_route_tells_browsers_the_same() -> Result<()> {
    let scene = scene().await?;
    let callers = callers(&scene).await?;
    for operation in operations(scene.url).await? {
        for caller in &callers {
            let answer = send(caller, &operation, &[], "application/json").await?;
            let what = format!("{operation:?} {}", answer.status);
            assert_common(&answer, &what);
            let header = |name| answer.header(name).unwrap_or_default();
            assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
            assert_eq!(header("referrer-policy"), "no-referrer", "{what}");
            assert_eq!(
                header("cross-origin-opener-policy"),
                "same-origin",
                "{what}"
            );
            assert_eq!(header("cache-control"), "no-store", "{what}");
            let policy = header("content-security-policy");
            assert!(policy.contains("default-src 'none'"), "{what}: {policy}");
            assert!(
                policy.contains("frame-ancestors 'none'"),
                "{what}: {policy}"
            );
        }
    }
    for path in ["/", "/docs", "/openapi.json", "/nowhere", "/internal/x"] {
        let answer = callers[1].get(path).await?;
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert!(answer.header("content-security-policy").is_some(), "{path}");
    }
    Ok(())
}
