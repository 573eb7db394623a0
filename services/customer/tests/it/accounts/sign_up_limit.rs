//! How often a client may sign up: the answers say what is taken (guess limits, decision 30).

use colloquy_customer::Settings;
use serde_json::{Value, json};

use crate::system::{BROWSER, Client, SETTINGS, System};

fn account(name: &str) -> Value {
    json!({
        "username": name, "password": "correct horse", "fullName": "An", "email": format!("{name}@example.com"),
    })
}

#[tokio::test]
async fn decision_30_429_after_so_many_sign_ups_of_one_client_in_an_hour() {
    let system = System::with(Settings {
        sign_ups_per_hour: 3,
        ..SETTINGS
    })
    .await;
    let path = "/create/account";
    let bad = json!({"username": "", "password": "correct horse", "fullName": "An", "email": "an@example.com"});
    for _ in 0..5 {
        BROWSER
            .post(&system, path, bad.clone())
            .await
            .assert_refused(400);
    }
    let sign_up = |client: Client, name: &'static str| {
        let system = &system;
        async move { client.post(system, path, account(name)).await }
    };
    sign_up(BROWSER, "an-1").await.assert_done();
    system.advance_seconds(600);
    sign_up(BROWSER, "an-2").await.assert_done();
    sign_up(BROWSER, "user1").await.assert_refused(400);
    sign_up(BROWSER, "an-3").await.assert_wait(429, 3000);
    let elsewhere = Client {
        address: "192.0.2.2",
        ..BROWSER
    };
    sign_up(elsewhere, "an-3").await.assert_done();
    // Clients whose address is unknown share one limit.
    let unknown = Client {
        address: "unknown",
        ..BROWSER
    };
    for name in ["un-1", "un-2", "un-3"] {
        sign_up(unknown.clone(), name).await.assert_done();
    }
    sign_up(unknown, "un-4").await.assert_wait(429, 3600);
    system.advance_seconds(3000);
    sign_up(BROWSER, "an-4").await.assert_done();
}
