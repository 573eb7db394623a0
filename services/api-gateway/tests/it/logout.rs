//! Sessions that have ended, and the way to end them (decision 23).

use std::time::Duration;

use colloquy_chassis::{
    Clock as _, SystemClock,
    session_token::{CLEARED_COOKIE, JWT_TOKEN},
};
use colloquy_contracts::{CustomerId, SessionNumber};
use colloquy_service_api::revocations::{Ended, Revocation, Revocations};
use http::{Request, StatusCode};
use tokio::time::Instant;

use crate::gateway::{SESSION_ID, World};

/// The world in which that session has ended.
fn revoked(ended: Ended) -> World {
    let world = World::new();
    let entry = Revocation {
        number: 1,
        customer_id: CustomerId(7),
        ended,
        expires_at: SystemClock.now(),
    };
    let read = Revocations {
        revocations: vec![entry],
        up_to: 1,
        is_end: true,
    };
    let in_an_hour = Instant::now() + Duration::from_secs(3600);
    world.revocations.apply(&read, in_an_hour);
    world
}

fn this_session() -> Ended {
    let session_id = SESSION_ID.parse().unwrap();
    Ended::Session { session_id }
}

#[tokio::test]
async fn s08_a_revoked_session_is_401_and_its_cookie_cleared() {
    let world = revoked(this_session());
    let request = Request::get("/command/room").header("cookie", world.cookie());
    let response = world.send(request, "").await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["set-cookie"], CLEARED_COOKIE);

    let other = world.token(|claims| claims.jti = SESSION_ID.replace('7', "8"));
    let request = Request::get("/command/room").header("cookie", format!("{JWT_TOKEN}={other}"));
    assert_eq!(world.send(request, "").await.status(), StatusCode::OK);
}

/// However late the clock had it when they began.
#[tokio::test]
async fn b05_sessions_with_smaller_numbers_are_401_whenever_they_began_and_others_are_not() {
    let world = revoked(Ended::EarlierSessions {
        before: SessionNumber(5),
        except: None,
    });
    for (number, status) in [(0, 401), (4, 401), (5, 200), (6, 200)] {
        for ahead in [0, 3600] {
            let token = world.token(|claims| {
                claims.session_number = SessionNumber(number);
                claims.iat += ahead;
                claims.exp += ahead;
            });
            let request =
                Request::get("/command/room").header("cookie", format!("{JWT_TOKEN}={token}"));
            assert_eq!(world.send(request, "").await.status(), status, "{number}");
        }
    }
}

#[tokio::test]
async fn invariant_12_without_a_fresh_list_everything_that_needs_a_session_is_503() {
    let world = World::without_revocations();
    let request = || Request::get("/command/room").header("cookie", world.cookie());
    let response = world.send(request(), "").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    assert!(!response.headers().contains_key("set-cookie"));

    let public = Request::post("/auth/login");
    assert_eq!(world.send(public, "").await.status(), StatusCode::OK);
    let nobody = Request::get("/command/room");
    assert_eq!(world.send(nobody, "").await.status(), 401);
}

#[tokio::test]
async fn contract_3_logout_is_told_whose_session_it_is_if_there_is_one() {
    let cookie = |world: &World| world.cookie();
    let garbage = |_: &World| format!("{JWT_TOKEN}=garbage");
    for (world, cookie, caller) in [
        (World::new(), Some(cookie as fn(&World) -> String), 7.into()),
        (World::without_revocations(), Some(cookie), 7.into()),
        (
            revoked(this_session()),
            Some(cookie),
            serde_json::Value::Null,
        ),
        (World::new(), Some(garbage), serde_json::Value::Null),
        (World::new(), None, serde_json::Value::Null),
    ] {
        let mut request = Request::post("/auth/logout");
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie(&world));
        }
        let (status, body) = world.ask(request).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body["customerId"], caller);
    }
}

#[tokio::test]
async fn decision_23_a_logout_that_reaches_nobody_is_503_and_clears_the_cookie() {
    let world = World::without_auth();
    let request = Request::post("/auth/logout").header("cookie", world.cookie());
    let response = world.send(request, "").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["set-cookie"], CLEARED_COOKIE);
}
