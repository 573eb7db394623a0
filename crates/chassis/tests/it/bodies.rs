//! More than was asked for, in bodies and queries (reliability.md S18).

use axum::{
    Router,
    routing::{get, post},
};
use colloquy_chassis::{
    Answer,
    extract::{Body, Params},
    router::finish,
};
use http::Request;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::requests::{read, send};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    room_id: i64,
    content: Option<String>,
}

/// Answers what it understood.
fn router() -> Router {
    let routes = Router::new()
        .route(
            "/body",
            post(async |Body(note): Body<Note>| Answer("Read.", note)),
        )
        .route(
            "/query",
            get(async |Params(note): Params<Note>| Answer("Read.", note)),
        );
    finish(routes)
}

#[tokio::test]
async fn s18_a_known_field_twice_is_400_and_an_unknown_one_has_no_effect() {
    let router = router();
    let understood = json!({"roomId": 1, "content": "a"});
    for (body, expected) in [
        (r#"{"roomId":1,"content":"a"}"#, 200),
        (r#"{"roomId":1,"content":"a","customerId":2}"#, 200),
        (r#"{"roomId":1,"content":"a","x":1,"x":2}"#, 200),
        (r#"{"roomId":1,"content":"a","room_id":2,"RoomId":2}"#, 200),
        (
            r#"{"roomId":1,"content":"a","__proto__":{"roomId":2}}"#,
            200,
        ),
        (r#"{"roomId":2,"roomId":1,"content":"a"}"#, 400),
        (r#"{"roomId":1,"content":"a","roomId":1}"#, 400),
        (r#"{"roomId":1,"content":"a","content":null}"#, 400),
        (r#"{"roomId":1,"content":"a","room\u0049d":2}"#, 400),
        (r#"{"roomId":1,"content":"a"}{"roomId":2}"#, 400),
    ] {
        let request = Request::post("/body").header("content-type", "application/json");
        let (status, answer) = read(send(&router, request, body).await).await;
        assert_eq!(status, expected, "{body}: {answer}");
        if expected == 200 {
            assert_eq!(answer["data"], understood, "{body}");
        }
    }
    let twice = r#"{"roomId":1,"roomId":2}"#;
    let request = Request::post("/body").header("content-type", "application/json");
    let (_, answer) = read(send(&router, request, twice).await).await;
    assert_eq!(answer["message"], "The body has the field roomId twice.");
}

#[tokio::test]
async fn s18_a_known_parameter_twice_is_400_and_an_unknown_one_has_no_effect() {
    let router = router();
    for (query, expected) in [
        ("roomId=1", 200),
        ("roomId=1&customerId=2", 200),
        ("roomId=1&x=1&x=2", 200),
        ("roomId=1&roomId[]=2&room_id=2", 200),
        ("roomId=1&roomId=2", 400),
        ("roomId=1&%72oomId=2", 400),
        ("roomId=one", 400),
        ("", 400),
    ] {
        let request = Request::get(format!("/query?{query}"));
        let (status, answer) = read(send(&router, request, "").await).await;
        assert_eq!(status, expected, "{query}: {answer}");
        if expected == 200 {
            assert_eq!(answer["data"], json!({"roomId": 1, "content": null}));
        }
    }
}
