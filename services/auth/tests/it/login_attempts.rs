//! How many tries may fail (decision 30), over the router and on a real store.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use colloquy_auth::{
    Auth, Dependencies, LoginLimits, LoginThrottleStore, SessionStore, Settings, router,
};
use colloquy_chassis::{ServiceName, client_address::CLIENT_ADDRESS, clock::ManualClock};
use colloquy_contracts::{CustomerId, SessionNumber};
use colloquy_service_api::{
    Account, CallError, CredentialCheck, SessionEnding as _,
    credential_check::Credential,
    session_ending::{EndSessions, ResetByMail},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::parts::{DownStore, OneAccount, clock, dependencies, sqlite_store, throttle_in};

const MINUTE: i64 = 60_000;
const OWNER: &str = "10.0.0.1";
const STRANGER: &str = "203.0.113.9";
/// A client whose proxy wrote nothing that can be read.
const UNKNOWN: &str = "unknown";

/// Auth, and what it asked.
#[derive(Clone)]
pub struct World {
    router: Router,
    auth: Arc<Auth>,
    pub clock: Arc<ManualClock>,
    compared: Arc<AtomicUsize>,
    customers_are_away: Arc<AtomicBool>,
}

struct Counting {
    compared: Arc<AtomicUsize>,
    away: Arc<AtomicBool>,
}

#[async_trait]
impl CredentialCheck for Counting {
    async fn check(&self, credential: &Credential) -> Result<Option<Account>, CallError> {
        // Others come in between, as they do while a password is hashed.
        tokio::task::yield_now().await;
        if self.away.load(Ordering::SeqCst) {
            return Err(CallError::Unavailable(ServiceName::Customer, None));
        }
        self.compared.fetch_add(1, Ordering::SeqCst);
        OneAccount.check(credential).await
    }
}

pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl World {
    pub fn on(throttle: Arc<dyn LoginThrottleStore>) -> Self {
        Self::with(throttle, Arc::new(DownStore))
    }

    fn with(throttle: Arc<dyn LoginThrottleStore>, sessions: Arc<dyn SessionStore>) -> Self {
        let (clock, compared, away) = (clock(), Arc::default(), Arc::default());
        let credentials = Counting {
            compared: Arc::clone(&compared),
            away: Arc::clone(&away),
        };
        let settings = Settings {
            secure_cookie: false,
            logins: LoginLimits::default(),
        };
        let dependencies = Dependencies {
            sessions,
            ..dependencies(Arc::new(credentials), throttle, &clock)
        };
        let auth = Auth::new(dependencies, settings);
        Self {
            router: router(Arc::clone(&auth)),
            auth,
            clock,
            compared,
            customers_are_away: away,
        }
    }

    pub async fn new() -> (TempDir, Self) {
        let folder = tempfile::tempdir().unwrap();
        let throttle = throttle_in(&folder).await;
        (folder, Self::on(throttle))
    }

    pub async fn login(
        &self,
        address: &str,
        (username, password): (&str, &str),
        cookie: Option<&str>,
    ) -> Answered {
        let body = json!({"username": username, "password": password}).to_string();
        let mut request = Request::post("/login")
            .header(header::CONTENT_TYPE, "application/json")
            .header(CLIENT_ADDRESS, address);
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie.as_bytes());
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answered {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap(),
        }
    }

    /// The status of one login.
    pub async fn status(&self, address: &str, credential: (&str, &str)) -> u16 {
        self.login(address, credential, None).await.status
    }

    /// Guesses from an address until it is asked to stop: how often that was not at once.
    pub async fn guess_until_locked(&self, address: &str, username: &str) -> usize {
        for guesses in 0..1_000 {
            match self.status(address, (username, "wrong")).await {
                401 => {}
                429 => return guesses,
                other => panic!("{other}"),
            }
        }
        panic!("never locked");
    }

    fn compared(&self) -> usize {
        self.compared.load(Ordering::SeqCst)
    }
}

pub const RIGHT: (&str, &str) = ("user1", "123");

#[tokio::test]
async fn contract_3_the_eleventh_try_is_429_and_says_when_to_try_again() {
    let (_folder, world) = World::new().await;
    assert_eq!(world.guess_until_locked(STRANGER, "user1").await, 10);
    let answered = world.login(STRANGER, RIGHT, None).await;
    assert_eq!(answered.status, 429, "a right password opens no lock");
    assert_eq!(answered.headers[header::RETRY_AFTER], "900");
    assert!(!answered.headers.contains_key(header::SET_COOKIE));
    let expected = json!({
        "message": "Login failed", "details": "Too many failed attempts. Please try again later."
    });
    assert_eq!(answered.body, expected);
    assert_eq!(world.compared(), 10, "nothing is compared during a lock");
    world.clock.advance_millis(15 * MINUTE - 1);
    let answered = world.login(STRANGER, RIGHT, None).await;
    assert_eq!(answered.headers[header::RETRY_AFTER], "1");
    world.clock.advance_millis(1);
    assert_eq!(world.status(STRANGER, RIGHT).await, 200);
}

#[tokio::test]
async fn s05_known_and_unknown_usernames_are_locked_alike() {
    let (_folder, world) = World::new().await;
    for turn in 0..13 {
        let mut answers = Vec::new();
        for username in ["user1", "nobody"] {
            let mut answered = world.login(STRANGER, (username, "wrong"), None).await;
            let id = answered.headers.remove("x-request-id");
            assert!(id.is_some(), "of this request alone");
            answers.push((answered.status, answered.headers, answered.body));
        }
        assert_eq!(answers[0], answers[1], "turn {turn}");
        let expected = if turn < 10 { 401 } else { 429 };
        assert_eq!(answers[0].0, expected);
    }
}

#[tokio::test]
async fn s04_guesses_from_many_addresses_and_in_many_spellings_are_ten_together() {
    let (_folder, world) = World::new().await;
    for nth in 0..200 {
        let address = format!("198.51.{}.{}", nth / 100, nth % 100);
        let username = if nth % 2 == 0 { "user1" } else { "USER1" };
        let status = world.status(&address, (username, "wrong")).await;
        assert_eq!(status, if nth < 10 { 401 } else { 429 }, "{nth}");
    }
    assert_eq!(world.compared(), 10);
}

#[tokio::test]
async fn s04_of_a_thousand_guesses_at_once_ten_are_compared() {
    let (_folder, world) = World::new().await;
    let mut guesses = JoinSet::new();
    for nth in 0..1_000 {
        let world = world.clone();
        let address = format!("198.51.{}.{}", nth / 200, nth % 200);
        guesses.spawn(async move { world.status(&address, ("user1", "wrong")).await });
    }
    let statuses = guesses.join_all().await;
    assert_eq!(statuses.iter().filter(|one| **one == 401).count(), 10);
    assert_eq!(statuses.iter().filter(|one| **one == 429).count(), 990);
    assert_eq!(world.compared(), 10);
}

#[tokio::test]
async fn decision_30_right_logins_never_count_not_even_many_at_once() {
    let (_folder, world) = World::new().await;
    for address in [STRANGER, OWNER] {
        let mut logins = JoinSet::new();
        for _ in 0..60 {
            let world = world.clone();
            logins.spawn(async move { world.status(address, RIGHT).await });
        }
        let statuses = logins.join_all().await;
        assert!(statuses.iter().all(|one| *one == 200), "{statuses:?}");
    }
    assert_eq!(world.guess_until_locked(OWNER, "user1").await, 10);
}

#[tokio::test]
async fn decision_30_an_address_with_a_success_cannot_be_locked_out_by_others() {
    let (_folder, world) = World::new().await;
    assert_eq!(world.status(OWNER, RIGHT).await, 200);
    assert_eq!(world.guess_until_locked(STRANGER, "user1").await, 10);
    assert_eq!(world.status(OWNER, RIGHT).await, 200);
    assert_eq!(world.guess_until_locked(OWNER, "user1").await, 10);
    assert_eq!(world.status(OWNER, RIGHT).await, 429, "its own budget ends");
}

#[tokio::test]
async fn b06_an_unknown_address_is_no_known_place_and_has_one_limit_with_all_unknown_ones() {
    let (_folder, world) = World::new().await;
    assert_eq!(world.status(UNKNOWN, RIGHT).await, 200);
    assert_eq!(world.guess_until_locked(STRANGER, "user1").await, 10);
    assert_eq!(
        world.status(UNKNOWN, RIGHT).await,
        429,
        "another unknown client's success proves nothing"
    );
    for nth in 0..100 {
        let username = format!("user-{nth}");
        assert_eq!(world.status(UNKNOWN, (&username, "123")).await, 401);
    }
    assert_eq!(world.status(UNKNOWN, ("user2", "123")).await, 429);
    assert_eq!(world.status(OWNER, ("user2", "123")).await, 401);
}

#[tokio::test]
async fn decision_30_after_thirty_days_an_address_is_a_stranger_again() {
    let (_folder, world) = World::new().await;
    assert_eq!(world.status(OWNER, RIGHT).await, 200);
    world.clock.advance_millis(30 * 24 * 60 * MINUTE);
    assert_eq!(world.guess_until_locked(STRANGER, "user1").await, 10);
    assert_eq!(world.status(OWNER, RIGHT).await, 429);
}

#[tokio::test]
async fn s04_spraying_over_accounts_is_limited_by_address() {
    let (_folder, world) = World::new().await;
    for nth in 0..100 {
        let username = format!("user-{nth}");
        assert_eq!(world.status(STRANGER, (&username, "123")).await, 401);
    }
    let answered = world.login(STRANGER, RIGHT, None).await;
    assert_eq!(answered.status, 429);
    assert_eq!(answered.headers[header::RETRY_AFTER], "900");
    assert_eq!(world.status(OWNER, RIGHT).await, 200);
    world.clock.advance_millis(15 * MINUTE);
    assert_eq!(world.status(STRANGER, RIGHT).await, 200);
}

#[tokio::test]
async fn s04_a_restart_gives_no_tries_back() {
    let (folder, world) = World::new().await;
    assert_eq!(world.guess_until_locked(STRANGER, "user1").await, 10);
    drop(world);
    let world = World::on(throttle_in(&folder).await);
    assert_eq!(world.status(STRANGER, RIGHT).await, 429);
    assert_eq!(world.compared(), 0);
}

#[tokio::test]
async fn decision_30_a_try_that_could_not_be_compared_does_not_count() {
    let (_folder, world) = World::new().await;
    world.customers_are_away.store(true, Ordering::SeqCst);
    for _ in 0..30 {
        assert_eq!(world.status(STRANGER, RIGHT).await, 503);
    }
    world.customers_are_away.store(false, Ordering::SeqCst);
    assert_eq!(world.status(STRANGER, RIGHT).await, 200);
}

#[tokio::test]
async fn invariant_12_while_failed_tries_cannot_be_counted_nothing_is_compared() {
    let world = World::on(Arc::new(DownStore));
    let answered = world.login(OWNER, RIGHT, None).await;
    assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE.as_u16());
    assert_eq!(answered.headers[header::RETRY_AFTER], "1");
    assert_eq!(answered.body["message"], "Login failed");
    assert_eq!(world.compared(), 0);
}

/// At home, which was known, elsewhere, and for strangers; and where the password was reset ten tries are its own.
#[tokio::test]
async fn b08_a_reset_by_mail_lifts_every_wait_and_makes_its_place_known() {
    let (folder, sessions) = sqlite_store().await;
    let world = World::with(throttle_in(&folder).await, sessions);
    assert_eq!(world.status(OWNER, RIGHT).await, 200);
    for address in [OWNER, STRANGER] {
        world.guess_until_locked(address, "user1").await;
    }
    let ending = |reset| EndSessions {
        customer_id: CustomerId(1),
        before: SessionNumber(2),
        except: None,
        reset,
    };
    world.auth.end_earlier(&ending(None)).await.unwrap();
    for address in [OWNER, STRANGER] {
        assert_eq!(
            world.status(address, RIGHT).await,
            429,
            "a changed password"
        );
    }
    let place = "192.0.2.7";
    let reset = ResetByMail {
        username: "User1".to_owned(),
        client: Some(place.parse().unwrap()),
    };
    world.auth.end_earlier(&ending(Some(reset))).await.unwrap();
    for address in [place, OWNER] {
        assert_eq!(world.status(address, RIGHT).await, 200, "{address}");
    }
    let guesses = world.guess_until_locked(STRANGER, "user1").await;
    assert_eq!(guesses, 10, "the first lock, as in the beginning");
    assert_eq!(world.status("203.0.113.10", RIGHT).await, 429);
    world.clock.advance_millis(14 * MINUTE);
    assert_eq!(world.status(place, ("user1", "wrong")).await, 401);
    assert_eq!(world.status(place, RIGHT).await, 200);
}

/// An unknown address proves nothing of the next one that is unknown.
#[tokio::test]
async fn b08_a_reset_from_an_unknown_address_lifts_the_wait_and_makes_no_place_known() {
    let (folder, sessions) = sqlite_store().await;
    let world = World::with(throttle_in(&folder).await, sessions);
    world.guess_until_locked(STRANGER, "user1").await;
    let ending = EndSessions {
        customer_id: CustomerId(1),
        before: SessionNumber(2),
        except: None,
        reset: Some(ResetByMail {
            username: "user1".to_owned(),
            client: None,
        }),
    };
    world.auth.end_earlier(&ending).await.unwrap();
    world.guess_until_locked(STRANGER, "user1").await;
    assert_eq!(world.status("192.0.2.7", RIGHT).await, 429);
}
