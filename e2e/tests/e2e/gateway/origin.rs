//! Pages of strangers may not use a customer's session (decision 25, reliability.md S12).

use anyhow::Result;
use reqwest::Method;
use serde_json::json;

use crate::scene::{assert_refused, scene};

const STRANGERS: [(&str, &str); 4] = [
    ("origin", "https://evil.example"),
    ("origin", "null"),
    ("origin", "http://localhost.evil.example:8080"),
    ("sec-fetch-site", "cross-site"),
];

#[tokio::test]
async fn s12_a_page_of_a_stranger_sends_nothing_in_a_customers_name() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let user1 = &scene.user1;
    for (name, value) in STRANGERS {
        let request = user1
            .request(Method::POST, "/command/message")
            .header(name, value)
            .json(&json!({"roomId": room, "content": "not mine"}));
        let answer = user1.fetch(request).await?;
        assert_refused(&answer, 403, value);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{value}"
        );
    }
    assert_eq!(user1.send(room, "mine", None).await?.seq, 1);
    Ok(())
}

#[tokio::test]
async fn s12_a_page_of_a_stranger_reads_nothing_and_logs_no_customer_in() -> Result<()> {
    let scene = scene().await?;
    for (name, value) in STRANGERS {
        let read = scene
            .user1
            .request(Method::GET, "/query/rooms")
            .header(name, value);
        assert_refused(&scene.user1.fetch(read).await?, 403, value);
        let anonymous = scene.anonymous()?;
        let login = anonymous
            .request(Method::POST, "/auth/login")
            .header(name, value)
            .json(&json!({"username": "user1", "password": "123"}));
        let answer = anonymous.fetch(login).await?;
        assert_eq!(
            (answer.status, answer.session_cookie()),
            (403, None),
            "{value}"
        );
    }
    Ok(())
}
