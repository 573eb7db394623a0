//! Tokens between services (decision 24): one Ed25519 pair a caller, `iss` the caller, `aud` the callee, 60 s at most. One is signed
//! and verified once for the calls of 20 s that it fits; its time is checked with each.

use std::{collections::HashMap, hash::Hash, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use colloquy_chassis::{
    ApiError, Clock, Kind, ServiceName, http_server::PeerAddr, router::on_every_answer,
};
use colloquy_contracts::CustomerId;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use tower::ServiceExt as _;

use crate::{
    identity::{Caller, Identity, SessionId},
    keys::{KeyError, KeyFolder},
};

/// Names the customer in clear for logs and old tools; believed only when the token says the same.
pub const CUSTOMER_ID: HeaderName = HeaderName::from_static("x-customer-id");

/// Marks a 401 that is about the caller's own credential and not about the customer's (decision 24).
pub const CREDENTIAL_REFUSED: HeaderName = HeaderName::from_static("x-service-credential-refused");

const LIFETIME_SECONDS: i64 = 60;
/// How far the clocks of two services may differ, in seconds: the token of one that is further ahead is refused.
pub const LEEWAY_SECONDS: i64 = 5;
/// A token is used again for so long by the service that signed it: what is left of its life is still ample for a call.
const REUSED_SECONDS: i64 = 20;
/// How many tokens each side keeps: signing or verifying one costs more than the rest of forwarding a small call.
const KEPT: u64 = 10_000;

/// The services that `caller` may call; every other call is refused (decision 24).
#[must_use]
pub const fn callees(caller: ServiceName) -> &'static [ServiceName] {
    use ServiceName::{ApiGateway, Auth, ChatCommand, ChatQuery, Customer, Mail, Otp, Websocket};
    match caller {
        ApiGateway => &[Auth, Customer, ChatCommand, ChatQuery],
        Websocket => &[Auth, ChatCommand, ChatQuery],
        Auth | ChatCommand => &[Customer],
        Customer => &[Auth, ChatQuery, Otp, Mail],
        ChatQuery => &[ChatCommand],
        Otp | Mail => &[],
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
}

/// Signs a service's calls. Cheap to clone.
#[derive(Clone)]
pub struct InternalSigner {
    service: ServiceName,
    key: Arc<EncodingKey>,
    clock: Arc<dyn Clock>,
    /// The headers of recent calls, and when each was signed.
    signed: Cache<(ServiceName, Option<Caller>), (i64, HeaderMap)>,
}

impl InternalSigner {
    /// The signer of `service`, with its private key from the folder.
    ///
    /// # Errors
    /// The key cannot be read or is no Ed25519 key.
    pub fn load(
        keys: &KeyFolder,
        service: ServiceName,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyError> {
        let pem = keys.internal_private(service)?;
        let key = EncodingKey::from_ed_pem(&pem)
            .map_err(|_| KeyError::Malformed(service.name().into()))?;
        Ok(Self {
            service,
            key: Arc::new(key),
            clock,
            signed: kept_for(REUSED_SECONDS),
        })
    }

    /// The headers of one call to `callee` on behalf of `caller`.
    #[must_use]
    pub fn headers(&self, callee: ServiceName, caller: Option<&Caller>) -> HeaderMap {
        let now = self.clock.now().seconds();
        let call = (callee, caller.cloned());
        if let Some((at, headers)) = self.signed.get(&call)
            && (at..at + REUSED_SECONDS).contains(&now)
        {
            return headers;
        }
        let headers = self.sign(callee, caller, now);
        self.signed.insert(call, (now, headers.clone()));
        headers
    }

    fn sign(&self, callee: ServiceName, caller: Option<&Caller>, now: i64) -> HeaderMap {
        let claims = Claims {
            iss: self.service.name().to_owned(),
            aud: callee.name().to_owned(),
            iat: now,
            exp: now + LIFETIME_SECONDS,
            customer_id: caller.map(|caller| caller.customer_id.0),
            full_name: caller.map(|caller| caller.full_name.clone()),
            sid: caller.map(|caller| caller.session_id),
        };
        let token = encode(&Header::new(Algorithm::EdDSA), &claims, &self.key)
            .expect("a loaded Ed25519 key can sign");
        let mut headers = HeaderMap::new();
        let bearer =
            HeaderValue::try_from(format!("Bearer {token}")).expect("a JWT is visible ASCII");
        headers.insert(header::AUTHORIZATION, bearer);
        if let Some(caller) = caller {
            headers.insert(CUSTOMER_ID, HeaderValue::from(caller.customer_id.0));
        }
        headers
    }
}

/// Verifies the tokens of a service's callers. Cheap to clone.
#[derive(Clone)]
pub struct InternalVerifier {
    service: ServiceName,
    callers: Arc<HashMap<&'static str, (ServiceName, DecodingKey)>>,
    clock: Arc<dyn Clock>,
    /// What recent tokens claim, whose signature, issuer and audience were verified.
    verified: Cache<String, (ServiceName, Claims)>,
}

impl InternalVerifier {
    /// The verifier of `service`, with the public keys of all services that may call it.
    ///
    /// # Errors
    /// A key cannot be read or is no Ed25519 key.
    pub fn load(
        keys: &KeyFolder,
        service: ServiceName,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyError> {
        let mut callers = HashMap::new();
        for caller in ServiceName::ALL
            .into_iter()
            .filter(|caller| callees(*caller).contains(&service))
        {
            let pem = keys.internal_public(caller)?;
            let key = DecodingKey::from_ed_pem(&pem)
                .map_err(|_| KeyError::Malformed(caller.name().into()))?;
            callers.insert(caller.name(), (caller, key));
        }
        Ok(Self {
            service,
            callers: Arc::new(callers),
            clock,
            verified: kept_for(LIFETIME_SECONDS + 2 * LEEWAY_SECONDS),
        })
    }

    /// Puts the check in front of every route of a service's own port, whose router is finished. A refusal is logged, and has
    /// what every answer has.
    pub fn protect(self, router: Router) -> Router {
        let refusing = on_every_answer(Router::new().fallback(refuse));
        router.layer(middleware::from_fn_with_state((self, refusing), check))
    }

    /// The identity of the caller; `None` without a token that is believed.
    #[must_use]
    pub fn identify(&self, headers: &HeaderMap) -> Option<Identity> {
        let token = headers
            .get(header::AUTHORIZATION)?
            .to_str()
            .ok()?
            .strip_prefix("Bearer ")?;
        let (service, claims) = match self.verified.get(token) {
            Some(verified) => verified,
            None => self.verify(token)?,
        };
        let now = self.clock.now().seconds();
        let fresh = claims.iat <= now + LEEWAY_SECONDS
            && now <= claims.exp + LEEWAY_SECONDS
            && claims.exp - claims.iat <= LIFETIME_SECONDS;
        let in_clear = headers
            .get(CUSTOMER_ID)
            .map(|id| id.to_str().ok().and_then(|id| id.parse().ok()));
        let agrees = in_clear.is_none_or(|id| id == claims.customer_id);
        let caller = claims.customer_id.map(|id| Caller {
            customer_id: CustomerId(id),
            full_name: claims.full_name.unwrap_or_default(),
            session_id: claims.sid.unwrap_or_default(),
        });
        (fresh && agrees).then_some(Identity { service, caller })
    }

    /// Verifies all of a token but its time, and keeps the result.
    fn verify(&self, token: &str) -> Option<(ServiceName, Claims)> {
        let claimed = jsonwebtoken::dangerous::insecure_decode::<Claims>(token)
            .ok()?
            .claims
            .iss;
        let (service, key) = self.callers.get(claimed.as_str())?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.set_issuer(&[service.name()]);
        validation.set_audience(&[self.service.name()]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let claims = decode::<Claims>(token, key, &validation).ok()?.claims;
        let verified = (*service, claims);
        self.verified.insert(token.to_owned(), verified.clone());
        Some(verified)
    }
}

fn kept_for<K, V>(seconds: i64) -> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder()
        .max_capacity(KEPT)
        .time_to_live(Duration::from_secs(seconds.unsigned_abs()))
        .build()
}

async fn check(
    State((verifier, refusing)): State<(InternalVerifier, Router)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(identity) = verifier.identify(request.headers()) else {
        let Ok(refusal) = refusing.oneshot(request).await;
        return refusal;
    };
    request.extensions_mut().insert(identity);
    next.run(request).await
}

async fn refuse(request: Request) -> Response {
    let peer = request.extensions().get::<PeerAddr>();
    let peer = peer.map(|peer| peer.0.to_string());
    tracing::warn!(
        peer,
        "a call without a valid service credential was refused"
    );
    let refusal = ApiError::new(Kind::Unauthenticated, "A service credential is required.");
    ([(CREDENTIAL_REFUSED, "true")], refusal).into_response()
}

#[cfg(test)]
mod tests {
    use colloquy_chassis::clock::ManualClock;
    use colloquy_contracts::Timestamp;

    use super::*;

    struct Pair {
        signer: InternalSigner,
        verifier: InternalVerifier,
        clock: Arc<ManualClock>,
        _folder: tempfile::TempDir,
    }

    fn gateway_to(callee: ServiceName) -> Pair {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(folder.path());
        keys.complete("k1").unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)));
        Pair {
            signer: InternalSigner::load(&keys, ServiceName::ApiGateway, clock.clone()).unwrap(),
            verifier: InternalVerifier::load(&keys, callee, clock.clone()).unwrap(),
            clock,
            _folder: folder,
        }
    }

    fn customer_7() -> Caller {
        Caller {
            customer_id: CustomerId(7),
            full_name: "Vũ Thanh Hải".into(),
            session_id: SessionId::from_bits(7),
        }
    }

    #[test]
    fn decision_24_a_token_carries_caller_and_customer() {
        let pair = gateway_to(ServiceName::ChatCommand);
        let identity = pair
            .verifier
            .identify(
                &pair
                    .signer
                    .headers(ServiceName::ChatCommand, Some(&customer_7())),
            )
            .unwrap();
        assert_eq!(identity.service, ServiceName::ApiGateway);
        assert_eq!(identity.caller, Some(customer_7()));
    }

    #[test]
    fn decision_24_a_token_for_another_audience_is_refused() {
        let pair = gateway_to(ServiceName::ChatCommand);
        assert!(
            pair.verifier
                .identify(&pair.signer.headers(ServiceName::ChatQuery, None))
                .is_none()
        );
    }

    #[test]
    fn decision_24_a_caller_that_is_not_in_the_table_is_refused() {
        let pair = gateway_to(ServiceName::Otp);
        assert!(
            pair.verifier
                .identify(&pair.signer.headers(ServiceName::Otp, None))
                .is_none()
        );
    }

    #[test]
    fn decision_24_a_token_ends_after_a_minute_and_the_leeway() {
        let pair = gateway_to(ServiceName::ChatCommand);
        let headers = pair.signer.headers(ServiceName::ChatCommand, None);
        pair.clock.advance_millis(65_000);
        assert!(pair.verifier.identify(&headers).is_some());
        pair.clock.advance_millis(1_000);
        assert!(pair.verifier.identify(&headers).is_none());
    }

    #[test]
    fn decision_24_a_token_is_used_again_for_the_same_call_while_it_is_new() {
        let pair = gateway_to(ServiceName::ChatCommand);
        let of = |callee, caller: Option<&Caller>| {
            pair.signer.headers(callee, caller)[header::AUTHORIZATION].clone()
        };
        let first = of(ServiceName::ChatCommand, Some(&customer_7()));
        pair.clock.advance_millis(19_000);
        assert_eq!(of(ServiceName::ChatCommand, Some(&customer_7())), first);
        let renamed = Caller {
            full_name: "Another name".into(),
            ..customer_7()
        };
        for (callee, caller) in [
            (ServiceName::ChatQuery, Some(&customer_7())),
            (ServiceName::ChatCommand, None),
            (ServiceName::ChatCommand, Some(&renamed)),
        ] {
            assert_ne!(of(callee, caller), first);
        }
        pair.clock.advance_millis(1_000);
        assert_ne!(of(ServiceName::ChatCommand, Some(&customer_7())), first);
    }

    #[test]
    fn decision_24_a_token_that_was_verified_once_is_held_to_its_time_and_its_header_again() {
        let pair = gateway_to(ServiceName::ChatCommand);
        let headers = pair
            .signer
            .headers(ServiceName::ChatCommand, Some(&customer_7()));
        assert!(pair.verifier.identify(&headers).is_some());
        let mut another = headers.clone();
        another.insert(CUSTOMER_ID, HeaderValue::from(8));
        assert!(pair.verifier.identify(&another).is_none());
        assert!(pair.verifier.identify(&headers).is_some());
        pair.clock.advance_millis(66_000);
        assert!(pair.verifier.identify(&headers).is_none());
    }

    #[test]
    fn decision_24_a_customer_header_that_differs_from_the_token_is_refused() {
        let pair = gateway_to(ServiceName::ChatCommand);
        let mut headers = pair
            .signer
            .headers(ServiceName::ChatCommand, Some(&customer_7()));
        headers.insert(CUSTOMER_ID, HeaderValue::from(8));
        assert!(pair.verifier.identify(&headers).is_none());
    }

    #[test]
    fn decision_24_no_token_is_refused() {
        assert!(
            gateway_to(ServiceName::ChatCommand)
                .verifier
                .identify(&HeaderMap::new())
                .is_none()
        );
    }
}
