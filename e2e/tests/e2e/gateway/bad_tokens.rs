//! Bad tokens are 401, every one of them (reliability.md S09). They are forged from a good one without its private key;
//! what a key's owner could do wrong is tested where the key is.

use anyhow::{Context as _, Result};
use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::{assert_refused, scene};

/// A token taken apart.
struct Token {
    header: Value,
    claims: Value,
    signature: String,
}

impl Token {
    fn of(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let json = |part: &str| -> Result<Value> {
            Ok(serde_json::from_slice(
                &BASE64_URL_SAFE_NO_PAD.decode(part)?,
            )?)
        };
        Ok(Self {
            header: json(parts[0])?,
            claims: json(parts[1])?,
            signature: parts[2].to_owned(),
        })
    }

    fn with_header(&self, name: &str, value: Value) -> String {
        let mut header = self.header.clone();
        header[name] = value;
        format!(
            "{}.{}.{}",
            encode(&header),
            encode(&self.claims),
            self.signature
        )
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value;
        format!(
            "{}.{}.{}",
            encode(&self.header),
            encode(&claims),
            self.signature
        )
    }

    fn without_claim(&self, name: &str) -> String {
        let mut claims = self.claims.clone();
        claims.as_object_mut().map(|claims| claims.remove(name));
        format!(
            "{}.{}.{}",
            encode(&self.header),
            encode(&claims),
            self.signature
        )
    }

    /// Signed with a secret that a verifier may be tricked into using.
    fn with_mac(&self, algorithm: &str, mac: hmac::Algorithm, secret: &[u8]) -> String {
        let mut header = self.header.clone();
        header["alg"] = json!(algorithm);
        let signed = format!("{}.{}", encode(&header), encode(&self.claims));
        let tag = hmac::sign(&hmac::Key::new(mac, secret), signed.as_bytes());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }
}

fn encode(json: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
}

fn headers(token: &Token) -> Vec<(String, String)> {
    let mut bad = Vec::new();
    for algorithm in [
        "none", "None", "NONE", "nOnE", "HS256", "HS384", "HS512", "RS384", "RS512", "PS256",
        "PS384", "PS512", "ES256", "ES384", "EdDSA", "", "rs256", "RS256 ",
    ] {
        bad.push((
            format!("alg {algorithm:?}"),
            token.with_header("alg", json!(algorithm)),
        ));
        let unsigned = token.with_header("alg", json!(algorithm));
        let unsigned = unsigned
            .rsplit_once('.')
            .map_or("", |(signed, _)| signed)
            .to_owned()
            + ".";
        bad.push((format!("alg {algorithm:?}, no signature"), unsigned));
    }
    for value in [
        json!(null),
        json!(1),
        json!(["RS256"]),
        json!({"alg": "RS256"}),
        json!(true),
    ] {
        bad.push((format!("alg {value}"), token.with_header("alg", value)));
    }
    for kid in [
        json!("../../../../dev/null"),
        json!("/dev/null"),
        json!("k1' OR '1'='1"),
        json!(""),
        json!("k0"),
        json!(1),
        json!(["k1"]),
        json!(null),
        json!("K1"),
        json!("k1\u{0}"),
        json!("k".repeat(3000)),
    ] {
        bad.push((format!("kid {kid:.20}"), token.with_header("kid", kid)));
    }
    for (name, value) in [
        ("jku", json!("http://127.0.0.1:9/jwks.json")),
        ("x5u", json!("http://127.0.0.1:9/cert.pem")),
        ("jwk", json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"})),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("typ", json!("JWE")),
    ] {
        bad.push((name.to_owned(), token.with_header(name, value)));
    }
    bad
}

fn claims(token: &Token) -> Vec<(String, String)> {
    let mut bad = Vec::new();
    for value in [
        json!("9999999999"),
        json!(-1),
        json!(0),
        json!(9_999_999_999.5),
        json!(1e300),
        json!(null),
        json!(true),
        json!([9_999_999_999_u64]),
        json!(u64::MAX),
        json!(9_999_999_999_u64),
    ] {
        bad.push((format!("exp {value}"), token.with_claim("exp", value)));
    }
    for name in [
        "exp",
        "iss",
        "aud",
        "customerId",
        "sub",
        "jti",
        "iat",
        "fullName",
        "roles",
    ] {
        bad.push((format!("no {name}"), token.without_claim(name)));
    }
    for (name, value) in [
        ("nbf", json!(9_999_999_999_u64)),
        ("nbf", json!("soon")),
        ("iss", json!("somebody")),
        ("iss", json!(["colloquy"])),
        ("iss", json!("")),
        ("iss", json!(null)),
        ("aud", json!("somebody")),
        ("aud", json!([])),
        ("aud", json!("")),
        ("aud", json!(null)),
        ("customerId", json!("2")),
        ("customerId", json!(2)),
        ("customerId", json!(-1)),
        ("customerId", json!("")),
        ("customerId", json!("1 ")),
        ("customerId", json!("99999999999999999999")),
        ("customerId", json!("0x1")),
        ("customerId", json!(["1"])),
        ("customerId", json!(1.5)),
        ("customerId", json!(null)),
        ("sub", json!("user2")),
        ("roles", json!(["ROLE_ADMIN"])),
        ("jti", json!("no id")),
        ("jti", json!(null)),
        ("fullName", json!("Somebody Else")),
        ("iat", json!("yesterday")),
        ("admin", json!(true)),
    ] {
        bad.push((format!("{name} {value}"), token.with_claim(name, value)));
    }
    bad
}

fn shapes(token: &Token, text: &str) -> Vec<(String, String)> {
    let (signed, signature) = text.rsplit_once('.').unwrap_or_default();
    let (header, payload) = signed.split_once('.').unwrap_or_default();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let mut bad: Vec<(String, String)> = [
        ("no signature", format!("{signed}.")),
        ("no third part", signed.to_owned()),
        ("a fourth part", format!("{text}.{signature}")),
        ("an extra signature", format!("{text}{signature}")),
        (
            "half a signature",
            format!("{signed}.{}", &signature[..signature.len() / 2]),
        ),
        (
            "a flipped bit",
            format!("{signed}.{flipped}{}", &signature[1..]),
        ),
        ("padding", format!("{text}=")),
        ("parts swapped", format!("{payload}.{header}.{signature}")),
        ("empty parts", "..".to_owned()),
        ("one dot", ".".to_owned()),
        ("nothing", String::new()),
        ("a word", "token".to_owned()),
        ("null", "null".to_owned()),
        ("undefined", "undefined".to_owned()),
        ("quoted", format!("\"{text}\"")),
        ("bearer", format!("Bearer {text}")),
        ("a prefix", format!("x{text}")),
        ("upper case", text.to_uppercase()),
        (
            "no JSON",
            format!(
                "{}.{}.{signature}",
                BASE64_URL_SAFE_NO_PAD.encode("{"),
                payload
            ),
        ),
        (
            "an array",
            format!("{header}.{}.{signature}", encode(&json!([]))),
        ),
        (
            "a JWE of five parts",
            format!("{header}.{payload}.{signature}.{payload}.{signature}"),
        ),
        (
            "a long token",
            format!("{header}.{}.{signature}", "A".repeat(6000)),
        ),
    ]
    .map(|(name, token)| (name.to_owned(), token))
    .to_vec();
    for (algorithm, mac) in [
        ("HS256", hmac::HMAC_SHA256),
        ("HS384", hmac::HMAC_SHA384),
        ("HS512", hmac::HMAC_SHA512),
    ] {
        for secret in ["", "secret", "colloquy", "k1"] {
            let forged = token.with_mac(algorithm, mac, secret.as_bytes());
            bad.push((format!("{algorithm} with {secret:?}"), forged));
        }
    }
    bad
}

#[tokio::test]
async fn s09_a_hundred_and_twenty_bad_tokens_are_each_401() -> Result<()> {
    let scene = scene().await?;
    let good = scene.user1.token().context("a session")?;
    let token = Token::of(good)?;
    let bad = [headers(&token), claims(&token), shapes(&token, good)].concat();
    assert!(bad.len() >= 120, "{} tokens", bad.len());
    for (name, text) in &bad {
        assert_ne!(text, good, "{name} is the good one");
        let answer = scene
            .anonymous()?
            .with_token(text)
            .get("/query/rooms")
            .await?;
        assert_refused(&answer, 401, name);
        let cookie = answer.session_cookie().unwrap_or_default();
        assert!(cookie.contains("Max-Age=0"), "{name}: not cleared");
    }
    let anonymous = scene.anonymous()?;
    for header in ["Authorization", "jwt_token", "X-Auth-Token"] {
        let request = anonymous
            .request(Method::GET, "/query/rooms")
            .header(header, good)
            .header("X-Bearer", format!("Bearer {good}"));
        assert_refused(&anonymous.fetch(request).await?, 401, header);
    }
    assert_eq!(scene.user1.get("/query/rooms").await?.status, 200);
    Ok(())
}
