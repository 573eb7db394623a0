//! Sessions that have ended, and the way to end them (decision 23).

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::response::Response;
use colloquy_api_gateway::{Upstream, upstream::UpstreamRequest};
use colloquy_chassis::{Clock as _, ServiceName, SystemClock};
use colloquy_contracts::{CustomerId, SessionNumber};
use colloquy_credentials::{
    identity::Identity,
    session_token::{CLEARED_COOKIE, JWT_TOKEN},
    session_verifier::MAX_SESSIONS,
};
use colloquy_service_api::{
    TransportError,
    revocations::{Ended, Revocation, Revocations},
};
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
    let anonymous = Request::get("/command/room");
    assert_eq!(world.send(anonymous, "").await.status(), 401);
}

#[tokio::test]
async fn contract_3_logout_learns_whose_session_it_is_if_there_is_one() {
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
async fn decision_23_a_logout_that_reaches_no_auth_is_503_and_clears_the_cookie() {
    let world = World::without_auth();
    let request = Request::post("/auth/logout").header("cookie", world.cookie());
    let response = world.send(request, "").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["set-cookie"], CLEARED_COOKIE);
}

/// Auth, which notes whose sessions it ends, and cannot end one of them.
struct Ending {
    asked: Mutex<Vec<String>>,
    fails_for: &'static str,
}

#[async_trait::async_trait]
impl Upstream for Ending {
    async fn call(
        &self,
        _: UpstreamRequest,
        identity: Identity,
    ) -> Result<Response, TransportError> {
        let session = identity
            .caller
            .map_or_else(String::new, |caller| caller.session_id.to_string());
        let mut response = Response::default();
        if session == self.fails_for {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        self.asked.lock().unwrap().push(session);
        Ok(response)
    }
}

#[tokio::test]
async fn b07_a_logout_ends_every_session_that_it_carries_or_is_no_200() {
    let second = SESSION_ID.replace('7', "8");
    for (fails_for, status) in [("", 200), (SESSION_ID, 503)] {
        let auth = Arc::new(Ending {
            asked: Mutex::default(),
            fails_for,
        });
        let world = World::with(ServiceName::Auth, Arc::clone(&auth) as Arc<dyn Upstream>);
        let expired = world.token(|claims| claims.exp = claims.iat - 1);
        let first = world.token(|_| {});
        let other = world.token(|claims| claims.jti.clone_from(&second));
        let cookies = format!(
            "jwt_token={expired}; city=München; jwt_token={first}; jwt_token={other}; jwt_token={first}"
        );
        let request = Request::post("/auth/logout").header("cookie", cookies.as_bytes());
        let response = world.send(request, "").await;
        assert_eq!(response.status(), status, "{fails_for}");
        let mut asked = auth.asked.lock().unwrap().clone();
        asked.sort();
        assert_eq!(asked, [SESSION_ID, &second]);
    }
}

#[tokio::test]
async fn b07_a_logout_with_more_sessions_than_are_looked_at_is_400_and_ends_none() {
    let auth = Arc::new(Ending {
        asked: Mutex::default(),
        fails_for: "",
    });
    let world = World::with(ServiceName::Auth, Arc::clone(&auth) as Arc<dyn Upstream>);
    let last = format!("jwt_token={}", world.token(|_| {}));
    for (before, status, calls) in [(MAX_SESSIONS, 400, 0), (MAX_SESSIONS - 1, 200, 1)] {
        let cookies = "jwt_token=garbage; ".repeat(before) + &last;
        let request = Request::post("/auth/logout").header("cookie", cookies);
        assert_eq!(world.send(request, "").await.status(), status);
        assert_eq!(auth.asked.lock().unwrap().len(), calls);
    }
}

#[tokio::test]
async fn b07_of_several_cookies_the_one_that_is_valid_counts_and_is_not_cleared() {
    let world = revoked(this_session());
    let (ended, expired) = (
        world.token(|_| {}),
        world.token(|claims| claims.exp = claims.iat - 1),
    );
    let good = world.token(|claims| claims.jti = SESSION_ID.replace('7', "8"));
    let send = async |lines: &[&[u8]]| {
        let mut request = Request::get("/command/room");
        for line in lines {
            request = request.header("cookie", *line);
        }
        let response = world.send(request, "").await;
        let is_cleared = response.headers().contains_key("set-cookie");
        (response.status().as_u16(), is_cleared)
    };
    let good = format!("jwt_token={good}");
    for other in [
        format!("jwt_token={ended}").as_bytes(),
        format!("jwt_token={expired}").as_bytes(),
        b"jwt_token=garbage",
        b"jwt_token=",
        b"jwt_token=\xff",
        "city=München".as_bytes(),
        b"city=M\xfcnchen",
    ] {
        let together = [other, b"; ", good.as_bytes()].concat();
        assert_eq!(send(&[&together]).await, (200, false), "{other:?}");
        let after = [good.as_bytes(), b"; ", other].concat();
        assert_eq!(send(&[&after]).await, (200, false), "{other:?}");
        assert_eq!(
            send(&[other, good.as_bytes()]).await,
            (200, false),
            "{other:?}"
        );
    }
    let none = format!("jwt_token={ended}; jwt_token={expired}");
    assert_eq!(send(&[none.as_bytes()]).await, (401, true));
    assert_eq!(send(&[b"jwt_token=\xff"]).await, (401, true));
    assert_eq!(send(&["city=München".as_bytes()]).await, (401, false));
}
