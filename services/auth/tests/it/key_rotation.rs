//! Session keys change without logging a customer out, and only auth can sign (S10).

use std::{fs, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use colloquy_auth::{
    Auth, Dependencies, LoginLimits, LoginThrottleStore, SessionSigner, Settings, router,
};
use colloquy_chassis::{ServiceName, client_address::CLIENT_ADDRESS, clock::ManualClock};
use colloquy_contracts::Timestamp;
use colloquy_credentials::{
    identity::Identity,
    keys::{KeyError, KeyFolder},
    session_algorithm::{Algorithms, SessionAlgorithm},
    session_verifier::SessionVerifier,
    token_keys::TokenKeys,
};
use colloquy_rate_limit::{Decision, Digest, Permit, RateLimit, RateLimitStore};
use colloquy_sql::StoreError;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::parts::{OneAccount, clock, dependencies};

/// A key folder that each test changes as it likes. Ed25519 keys are made in no time.
struct World {
    place: TempDir,
    keys: KeyFolder,
    algorithms: Algorithms,
    clock: Arc<ManualClock>,
}

fn algorithms(list: &[SessionAlgorithm]) -> Algorithms {
    list.to_vec().try_into().unwrap()
}

impl World {
    fn of(list: &[SessionAlgorithm]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(place.path());
        keys.first_session_key("k1", list[0]).unwrap();
        Self {
            place,
            keys,
            algorithms: algorithms(list),
            clock: clock(),
        }
    }

    fn verifier(&self) -> SessionVerifier {
        SessionVerifier::load(&self.keys, &self.algorithms, Arc::clone(&self.clock) as _).unwrap()
    }

    /// Auth, as it is after a start.
    fn auth(&self) -> Router {
        let dependencies = dependencies(Arc::new(OneAccount), Arc::new(Free), &self.clock);
        let clock = Arc::clone(&self.clock);
        let dependencies = Dependencies {
            signer: SessionSigner::load(&self.keys, self.algorithms.signing()).unwrap(),
            keys: TokenKeys::load(&self.keys, &self.algorithms, clock).unwrap(),
            ..dependencies
        };
        let settings = Settings {
            secure_cookie: false,
            logins: LoginLimits::default(),
        };
        router(Auth::new(dependencies, settings))
    }

    /// A session's token, and its header.
    async fn log_in(&self) -> (String, Value) {
        let request = Request::post("/login")
            .header(header::CONTENT_TYPE, "application/json")
            .header(CLIENT_ADDRESS, "10.0.0.1")
            .body(Body::from(r#"{"username":"user1","password":"123"}"#))
            .unwrap();
        let response = self.auth().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
        let token = cookie
            .strip_prefix("jwt_token=")
            .and_then(|rest| rest.split(';').next())
            .unwrap()
            .to_owned();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        (token, serde_json::to_value(header).unwrap())
    }

    /// The key set, as `identity` reads it.
    async fn jwks(&self, identity: Option<Identity>) -> (StatusCode, Value) {
        let mut request = Request::get("/internal/jwks").body(Body::empty()).unwrap();
        if let Some(identity) = identity {
            request.extensions_mut().insert(identity);
        }
        let response = self.auth().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }
}

/// Counts nothing and waits for nothing, so that time can be stopped.
struct Free;

#[async_trait]
impl LoginThrottleStore for Free {
    fn rate_limits(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(Self)
    }

    async fn remember(&self, _: &Digest, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn is_known(&self, _: &Digest, _: Timestamp) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn sweep(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl RateLimitStore for Free {
    async fn try_acquire(
        &self,
        limits: &[RateLimit],
        now: Timestamp,
    ) -> Result<Decision, StoreError> {
        Ok(Decision::Acquired(Permit::new(limits, now)))
    }

    async fn refund(&self, _: &Permit, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn fail(&self, _: &Permit, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn reset(&self, _: &Digest) -> Result<(), StoreError> {
        Ok(())
    }

    async fn sweep(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}

fn service(service: ServiceName) -> Option<Identity> {
    Some(Identity {
        service,
        caller: None,
    })
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    entries.map(|entry| name(entry.unwrap())).collect()
}

#[tokio::test(start_paused = true)]
async fn s10_after_a_rotation_old_and_new_sessions_are_believed_without_a_restart_of_verifiers() {
    let world = World::of(&[SessionAlgorithm::EdDsa]);
    let verifier = world.verifier();
    let (old, header) = world.log_in().await;
    assert_eq!(header["kid"], "k1");
    for kid in ["k2", "k3"] {
        world.keys.rotate(None, SessionAlgorithm::EdDsa).unwrap();
        let (new, header) = world.log_in().await;
        assert_eq!(header["kid"], kid);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(verifier.verify(&new).is_some(), "{kid}");
        assert!(verifier.verify(&old).is_some());
        assert!(world.verifier().verify(&old).is_some(), "after a restart");
    }
}

#[tokio::test(start_paused = true)]
async fn s10_unknown_kids_cause_one_reading_of_the_folder_a_second() {
    let world = World::of(&[SessionAlgorithm::EdDsa]);
    let verifier = world.verifier();
    let (token, _) = world.log_in().await;
    let stranger = token.replacen(
        token.split('.').next().unwrap(),
        "eyJhbGciOiJFZERTQSIsImtpZCI6IngifQ",
        1,
    );
    assert!(verifier.verify(&stranger).is_none());
    world.keys.rotate(None, SessionAlgorithm::EdDsa).unwrap();
    let (new, _) = world.log_in().await;
    tokio::time::advance(Duration::from_millis(999)).await;
    assert!(
        verifier.verify(&new).is_none(),
        "the folder was read before"
    );
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(verifier.verify(&new).is_some());
}

#[tokio::test]
async fn s10_a_verifier_has_no_private_half_and_cannot_sign() {
    let world = World::of(&[SessionAlgorithm::EdDsa]);
    let (token, _) = world.log_in().await;
    let session = world.place.path().join("session");
    fs::remove_file(session.join("k1.private.pem")).unwrap();
    assert_eq!(files(&session), ["k1.public.pem"]);
    assert!(world.verifier().verify(&token).is_some());
    let signer = SessionSigner::load(&world.keys, SessionAlgorithm::EdDsa);
    assert!(matches!(signer.err(), Some(KeyError::Missing(_))));
}

#[tokio::test]
async fn s10_a_removed_public_half_verifies_nothing_any_more() {
    let world = World::of(&[SessionAlgorithm::EdDsa]);
    let (token, _) = world.log_in().await;
    let running = world.verifier();
    assert!(running.verify(&token).is_some());
    world.keys.rotate(None, SessionAlgorithm::EdDsa).unwrap();
    fs::remove_file(world.place.path().join("session/k1.public.pem")).unwrap();
    assert!(world.verifier().verify(&token).is_none());
    // The first token of the new key makes a running process look at the folder.
    let (newer, _) = world.log_in().await;
    assert!(running.verify(&newer).is_some());
    assert!(running.verify(&token).is_none());
}

#[tokio::test]
async fn contract_3_the_first_algorithm_of_the_setting_signs_and_all_are_believed() {
    use SessionAlgorithm::{EdDsa, Ps256, Rs256};
    let mut world = World::of(&[Rs256]);
    let (rs256, header) = world.log_in().await;
    assert_eq!(header["alg"], "RS256");
    world.algorithms = algorithms(&[Ps256, Rs256]);
    let (ps256, header) = world.log_in().await;
    assert_eq!(header["alg"], "PS256");
    world.keys.rotate(None, EdDsa).unwrap();
    world.algorithms = algorithms(&[EdDsa, Ps256, Rs256]);
    let (ed, header) = world.log_in().await;
    assert_eq!(
        (&header["alg"], &header["kid"]),
        (&json!("EdDSA"), &json!("k2"))
    );
    for (list, expected) in [
        (vec![EdDsa, Ps256, Rs256], [true, true, true]),
        (vec![Rs256], [true, false, false]),
        (vec![Ps256], [false, true, false]),
        (vec![EdDsa, Rs256], [true, false, true]),
    ] {
        world.algorithms = algorithms(&list);
        let verifier = world.verifier();
        let believed = [&rs256, &ps256, &ed].map(|token| verifier.verify(token).is_some());
        assert_eq!(believed, expected, "{list:?}");
    }
}

#[test]
fn s10_keys_that_do_not_fit_or_are_weak_stop_the_start() {
    let world = World::of(&[SessionAlgorithm::EdDsa]);
    let signer = SessionSigner::load(&world.keys, SessionAlgorithm::Rs256);
    assert!(matches!(
        signer.err(),
        Some(KeyError::Unfit(SessionAlgorithm::Rs256))
    ));
    let load = || TokenKeys::load(&world.keys, &Algorithms::default(), clock()).err();
    assert!(matches!(load(), Some(KeyError::Unfit(_))));
    let file = world.place.path().join("session/weak.public.pem");
    fs::write(&file, WEAK).unwrap();
    assert!(matches!(load(), Some(KeyError::Weak(_))));
    fs::write(&file, "no key").unwrap();
    assert!(matches!(load(), Some(KeyError::Malformed(_))));
}

#[tokio::test]
async fn contract_4_the_key_set_verifies_what_auth_signed() {
    let mut world = World::of(&[SessionAlgorithm::Rs256]);
    let (rsa, _) = world.log_in().await;
    world.keys.rotate(None, SessionAlgorithm::EdDsa).unwrap();
    world.algorithms = algorithms(&[SessionAlgorithm::EdDsa, SessionAlgorithm::Rs256]);
    let (ed, _) = world.log_in().await;
    let (status, body) = world.jwks(service(ServiceName::Websocket)).await;
    assert_eq!((status, &body["success"]), (StatusCode::OK, &json!(true)));
    let text = body.to_string();
    assert!(
        !text.contains(r#""d":"#) && !text.contains(r#""p":"#),
        "public halves alone"
    );
    let set: JwkSet = serde_json::from_value(body["data"].clone()).unwrap();
    assert_eq!(set.keys.len(), 2);
    for (token, kid, algorithm) in [(rsa, "k1", Algorithm::RS256), (ed, "k2", Algorithm::EdDSA)] {
        let jwk = set.find(kid).unwrap();
        let named = jwk.common.key_algorithm.unwrap().to_string();
        assert_eq!(named, format!("{algorithm:?}"));
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.set_audience(&["colloquy-clients"]);
        let key = DecodingKey::from_jwk(jwk).unwrap();
        jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
    }
}

#[tokio::test]
async fn contract_4_the_key_set_is_for_services() {
    let world = World::of(&[SessionAlgorithm::EdDsa]);
    for (identity, expected) in [
        (None, StatusCode::UNAUTHORIZED),
        (service(ServiceName::ApiGateway), StatusCode::FORBIDDEN),
        (service(ServiceName::Customer), StatusCode::OK),
    ] {
        assert_eq!(world.jwks(identity).await.0, expected);
    }
}

/// The public half of an RSA key of 1024 bits.
const WEAK: &str = "\
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC0svfafvbtA52R/vdgcShC84gU
k/9GWQNnm+pbrXbB9RwVjePbxfWxfiVShYVj/uOwqgIi3crvWOHpkkAQfbrOkAqQ
xzsu8tzaJj+urb13eNlRPdQmS/27FN1LPQxh3mVNbjo/DIX3iScb8dvfAQqhOTq0
g6q0zT3ZfSf39BBXCwIDAQAB
-----END PUBLIC KEY-----
";
