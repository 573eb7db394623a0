//! What auth did not sign, or signed for another purpose or time, opens nothing (S09).

use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use colloquy_chassis::ServiceName;
use colloquy_contracts::SessionNumber;
use colloquy_credentials::{
    keys::KeyFolder,
    session_token::{AUDIENCE, Claims, ISSUER},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::{
    bad_tokens::Forge,
    parts::{NOW, SESSION_ID, clock, keys, verifier},
};

fn claims() -> Claims {
    Claims {
        sub: "user1".to_owned(),
        customer_id: "1".to_owned(),
        full_name: "Vũ Thanh Hải".to_owned(),
        roles: vec!["ROLE_USER".to_owned()],
        iat: NOW,
        session_number: SessionNumber(3),
        exp: NOW + 60,
        jti: SESSION_ID.to_owned(),
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
    }
}

fn header(algorithm: Algorithm, kid: Option<&str>) -> Header {
    Header {
        kid: kid.map(str::to_owned),
        ..Header::new(algorithm)
    }
}

/// Signed with the true key, whatever the header and the claims say.
fn signed(header: &Header, claims: &impl serde::Serialize) -> String {
    let (_, pem) = keys().session_private().unwrap();
    encode(header, claims, &EncodingKey::from_rsa_pem(&pem).unwrap()).unwrap()
}

fn believed(token: &str) -> bool {
    verifier(&clock()).verify(token).is_some()
}

/// The true token's claims with one member changed, or without it.
fn with(member: &str, value: Option<Value>) -> Value {
    let mut changed = serde_json::to_value(claims()).unwrap();
    let members = changed.as_object_mut().unwrap();
    match value {
        Some(value) => members.insert(member.to_owned(), value),
        None => members.remove(member),
    };
    changed
}

#[test]
fn s09_a_true_token_is_believed_until_the_second_it_expires() {
    let clock = clock();
    let token = signed(&header(Algorithm::RS256, Some("k1")), &claims());
    let knows_it = verifier(&clock);
    assert!(knows_it.verify(&token).is_some());
    for (millis, believed) in [(59_999, true), (1, false)] {
        clock.advance_millis(millis);
        let meets_it = verifier(&clock);
        assert_eq!(knows_it.verify(&token).is_some(), believed);
        assert_eq!(meets_it.verify(&token).is_some(), believed);
    }
}

#[test]
fn s09_other_algorithms_are_refused_whatever_signed_them() {
    for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
        assert!(
            !believed(&signed(&header(algorithm, Some("k1")), &claims())),
            "{algorithm:?}"
        );
    }
    let (_, public) = keys().session_public().unwrap().remove(0);
    let secret = EncodingKey::from_secret(&public);
    let confused = encode(&header(Algorithm::HS256, Some("k1")), &claims(), &secret).unwrap();
    assert!(!believed(&confused));
}

#[test]
fn s09_tokens_without_a_signature_are_refused() {
    let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims()).unwrap());
    for algorithm in ["none", "None", "RS256", ""] {
        let header = json!({"alg": algorithm, "typ": "JWT", "kid": "k1"}).to_string();
        let header = URL_SAFE_NO_PAD.encode(header);
        for token in [
            format!("{header}.{payload}."),
            format!("{header}.{payload}"),
        ] {
            assert!(!believed(&token), "{algorithm}");
        }
    }
}

#[test]
fn s09_the_kid_must_name_a_key_of_ours() {
    for kid in [
        None,
        Some("k2"),
        Some(""),
        Some("../session/k1"),
        Some("K1"),
    ] {
        assert!(
            !believed(&signed(&header(Algorithm::RS256, kid), &claims())),
            "{kid:?}"
        );
    }
}

#[test]
fn s09_claims_that_do_not_fit_are_refused() {
    let header = header(Algorithm::RS256, Some("k1"));
    for (member, value) in [
        ("exp", Some(json!(NOW))),
        ("exp", Some(json!(NOW - 1))),
        ("exp", Some(json!(-1))),
        ("exp", Some(json!(i64::MAX))),
        ("exp", Some(json!((NOW + 60).to_string()))),
        ("exp", None),
        ("aud", Some(json!("auth-service"))),
        ("aud", None),
        ("iss", Some(json!("somebody"))),
        ("iss", None),
        ("customerId", Some(json!("one"))),
        ("customerId", None),
        ("jti", None),
        ("jti", Some(json!("session-1"))),
        ("sessionNumber", Some(json!("3"))),
    ] {
        let token = signed(&header, &with(member, value.clone()));
        assert!(!believed(&token), "{member} {value:?}");
    }
}

/// A token from before sessions were numbered counts for less than any other.
#[test]
fn b05_a_token_carries_the_number_of_its_session_or_none() {
    let header = header(Algorithm::RS256, Some("k1"));
    for (claim, number) in [(Some(json!(3)), 3), (None, 0)] {
        let token = signed(&header, &with("sessionNumber", claim));
        let session = verifier(&clock()).verify(&token).unwrap();
        assert_eq!(session.number, SessionNumber(number));
    }
}

#[test]
fn s09_a_token_that_was_changed_is_refused() {
    let token = signed(&header(Algorithm::RS256, Some("k1")), &claims());
    let parts: Vec<&str> = token.split('.').collect();
    let other = URL_SAFE_NO_PAD.encode(with("customerId", Some(json!("2"))).to_string());
    let mut flipped = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    flipped[0] ^= 1;
    let flipped = URL_SAFE_NO_PAD.encode(flipped);
    for changed in [
        format!("{}.{other}.{}", parts[0], parts[2]),
        format!("{}.{}.{flipped}", parts[0], parts[1]),
        format!("{token}x"),
        format!("{token}.{}", parts[2]),
        format!(" {token}"),
        token[..token.len() - 4].to_owned(),
        String::new(),
        "x".repeat(100 * 1024),
    ] {
        assert!(!believed(&changed));
    }
}

fn forge() -> Forge {
    let folder = tempfile::tempdir().unwrap();
    let foreign = KeyFolder::new(folder.path());
    foreign.complete("k1").unwrap();
    let (kid, private) = keys().session_private().unwrap();
    Forge {
        kid,
        private,
        public: keys().session_public().unwrap().remove(0).1,
        foreign: foreign.session_private().unwrap().1,
        internal: keys().internal_private(ServiceName::Auth).unwrap(),
        claims: serde_json::to_value(claims()).unwrap(),
    }
}

#[test]
fn s09_of_hundreds_of_bad_tokens_none_is_believed() {
    let verifier = verifier(&clock());
    let tokens = forge().bad_tokens();
    let names: HashSet<&str> = tokens.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), tokens.len(), "each has a name of its own");
    assert!(tokens.len() >= 250, "{}", tokens.len());
    let believed: Vec<&str> = tokens
        .iter()
        .filter(|(_, token)| verifier.verify(token).is_some())
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(believed, [""; 0]);
}

#[test]
fn s09_what_forges_bad_tokens_makes_true_ones_too() {
    let forge = forge();
    let (header, claims) = (forge.header().to_string(), forge.claims.to_string());
    assert!(believed(&forge.signed(&header, &claims)));
    let untyped = json!({"alg": "RS256", "kid": "k1"}).to_string();
    assert!(
        believed(&forge.signed(&untyped, &claims)),
        "typ is optional"
    );
    for (claim, value) in [
        ("nbf", json!(NOW)),
        ("nbf", json!(-1)),
        ("iat", json!(NOW)),
        ("exp", json!(NOW + 86_400)),
        ("exp", json!(NOW + 1)),
        ("more", json!({"anything": [1]})),
        ("customerId", json!("9223372036854775807")),
    ] {
        let payload = forge.claims_with(claim, Some(value.clone()));
        assert!(
            believed(&forge.signed(&header, &payload)),
            "{claim} {value}"
        );
    }
}

/// Clocks of machines differ: a token that seems to be from the future is old enough, but lives no longer for that.
#[test]
fn s09_iat_in_the_future_is_believed_and_nbf_in_the_future_is_not() {
    let forge = forge();
    let mut ahead = forge.claims.clone();
    ahead["iat"] = json!(NOW + 3600);
    ahead["exp"] = json!(NOW + 7200);
    let header = forge.header().to_string();
    assert!(believed(&forge.signed(&header, &ahead.to_string())));
    ahead["nbf"] = json!(NOW + 1);
    assert!(!believed(&forge.signed(&header, &ahead.to_string())));
}
