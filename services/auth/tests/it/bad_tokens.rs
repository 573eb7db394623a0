//! Tokens that no verifier may believe, each with a name (S09).
//!
//! Self-contained on purpose: everything is made of texts and keys, and nothing of the product is used.

mod claims;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

/// With what tokens are forged.
pub struct Forge {
    /// The kid of the true key.
    pub kid: String,
    /// The true private key, RSA, as PEM: most bad tokens are signed with it, so that nothing but one fault is wrong.
    pub private: Vec<u8>,
    /// Its public half as PEM, which every client may know.
    pub public: Vec<u8>,
    /// An attacker's RSA key as PEM.
    pub foreign: Vec<u8>,
    /// The Ed25519 key of a service's internal tokens as PEM.
    pub internal: Vec<u8>,
    /// The claims of a token that is believed. Their `exp` is a minute from now.
    pub claims: Value,
}

/// A name, and the token.
pub type Named = (String, String);

impl Forge {
    /// Whatever header and payload, signed with the true key.
    pub fn signed(&self, header: &str, payload: &str) -> String {
        let key = EncodingKey::from_rsa_pem(&self.private).unwrap();
        with_signature(header, payload, |message| {
            crypto::sign(message.as_bytes(), &key, Algorithm::RS256).unwrap()
        })
    }

    /// The header of a token that is believed.
    pub fn header(&self) -> Value {
        json!({"alg": "RS256", "typ": "JWT", "kid": self.kid})
    }

    /// The claims with one changed, or without it.
    pub fn claims_with(&self, claim: &str, value: Option<Value>) -> String {
        changed(&self.claims, claim, value)
    }

    /// All of them.
    pub fn bad_tokens(&self) -> Vec<Named> {
        [
            self.algorithms(),
            self.shared_secrets(),
            self.signatures(),
            self.foreign_keys(),
            self.kids_and_types(),
            self.times(),
            self.parties(),
            self.identities(),
            self.payloads(),
            self.spellings(),
            self.other_purposes(),
        ]
        .concat()
    }

    fn now(&self) -> i64 {
        self.claims["exp"].as_i64().unwrap() - 60
    }

    fn true_token(&self) -> String {
        self.signed(&self.header().to_string(), &self.claims.to_string())
    }

    fn with_header(&self, member: &str, value: Option<Value>) -> String {
        let header = changed(&self.header(), member, value);
        self.signed(&header, &self.claims.to_string())
    }

    fn algorithms(&self) -> Vec<Named> {
        let mut all = Vec::new();
        let payload = self.claims.to_string();
        for alg in [
            "none", "None", "NONE", "nOnE", "", " none", "none\0", "RS256 ", "rs256",
        ] {
            let header = changed(&self.header(), "alg", Some(json!(alg)));
            let unsigned = format!("{}.{}", part(&header), part(&payload));
            all.push((format!("alg {alg:?}, no signature"), unsigned.clone()));
            all.push((format!("alg {alg:?}, empty signature"), unsigned + "."));
            let signed = self.signed(&header, &payload);
            all.push((format!("alg {alg:?}, true signature"), signed));
        }
        for alg in ["RS384", "RS512", "PS256", "PS384", "PS512"] {
            let header = changed(&self.header(), "alg", Some(json!(alg)));
            let key = EncodingKey::from_rsa_pem(&self.private).unwrap();
            let token = with_signature(&header, &payload, |message| {
                crypto::sign(message.as_bytes(), &key, alg.parse().unwrap()).unwrap()
            });
            all.push((format!("alg {alg} with the true key"), token));
        }
        for alg in [
            json!(null),
            json!(256),
            json!(["RS256"]),
            json!({"RS256": 1}),
            json!("ES256"),
            json!("ES256K"),
            json!("EdDSA"),
            json!("RSA-OAEP"),
        ] {
            let name = format!("alg {alg}");
            all.push((name, self.with_header("alg", Some(alg))));
        }
        all.push(("alg missing".into(), self.with_header("alg", None)));
        let key = EncodingKey::from_ed_pem(&self.internal).unwrap();
        let header = changed(&self.header(), "alg", Some(json!("EdDSA")));
        let token = with_signature(&header, &payload, |message| {
            crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap()
        });
        all.push(("alg EdDSA with a service's key".into(), token));
        for (first, second) in [("RS256", "none"), ("none", "RS256")] {
            let kid = &self.kid;
            let header =
                format!(r#"{{"alg":"{first}","typ":"JWT","kid":"{kid}","alg":"{second}"}}"#);
            let name = format!("alg twice: {first}, {second}");
            all.push((name, self.signed(&header, &payload)));
        }
        all
    }

    fn shared_secrets(&self) -> Vec<Named> {
        let pem = String::from_utf8(self.public.clone()).unwrap();
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let secrets = [
            ("the public PEM", self.public.clone()),
            ("the public PEM, trimmed", pem.trim().into()),
            ("the public DER", STANDARD.decode(&base64).unwrap()),
            ("the public key's base64", base64.into()),
            ("nothing", Vec::new()),
            ("the kid", self.kid.clone().into()),
        ];
        let mut all = Vec::new();
        for alg in ["HS256", "HS384", "HS512"] {
            let header = changed(&self.header(), "alg", Some(json!(alg)));
            for (name, secret) in &secrets {
                let key = EncodingKey::from_secret(secret);
                let token = with_signature(&header, &self.claims.to_string(), |message| {
                    crypto::sign(message.as_bytes(), &key, alg.parse().unwrap()).unwrap()
                });
                all.push((format!("{alg} with {name} as the secret"), token));
            }
        }
        all
    }

    fn signatures(&self) -> Vec<Named> {
        let token = self.true_token();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let flipped = |at: usize| {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            URL_SAFE_NO_PAD.encode(bytes)
        };
        let others = self.claims_with("customerId", Some(json!("2")));
        let other = self.signed(&self.header().to_string(), &others);
        let (other_message, other_signature) = other.rsplit_once('.').unwrap();
        let standard = signature.replace('-', "+").replace('_', "/");
        [
            ("no signature", message.to_owned()),
            ("an empty signature", format!("{message}.")),
            ("the first bit flipped", format!("{message}.{}", flipped(0))),
            (
                "the last bit flipped",
                format!("{message}.{}", flipped(bytes.len() - 1)),
            ),
            (
                "a byte less",
                format!("{message}.{}", URL_SAFE_NO_PAD.encode(&bytes[1..])),
            ),
            (
                "all zeros",
                format!("{message}.{}", URL_SAFE_NO_PAD.encode(vec![0; bytes.len()])),
            ),
            (
                "all ones",
                format!(
                    "{message}.{}",
                    URL_SAFE_NO_PAD.encode(vec![255; bytes.len()])
                ),
            ),
            (
                "64 bytes, as of ES256",
                format!("{message}.{}", URL_SAFE_NO_PAD.encode([7; 64])),
            ),
            (
                "another token's signature",
                format!("{message}.{other_signature}"),
            ),
            (
                "another token's message",
                format!("{other_message}.{signature}"),
            ),
            ("the signature twice", format!("{token}.{signature}")),
            ("the signature doubled", format!("{token}{signature}")),
            ("an empty fourth part", format!("{token}.")),
            ("the signature padded", format!("{token}==")),
            (
                "the signature in the standard alphabet",
                format!("{message}.{standard}"),
            ),
            (
                "the message as the signature",
                format!("{message}.{}", part(message)),
            ),
        ]
        .map(|(name, token)| (name.to_owned(), token))
        .to_vec()
    }

    /// Headers that want to say with which key to verify, signed with a foreign key and with the true one.
    fn foreign_keys(&self) -> Vec<Named> {
        let key = EncodingKey::from_rsa_pem(&self.foreign).unwrap();
        let payload = self.claims.to_string();
        let foreign = |header: &str| {
            with_signature(header, &payload, |message| {
                crypto::sign(message.as_bytes(), &key, Algorithm::RS256).unwrap()
            })
        };
        let mut all = vec![(
            "a foreign key under our kid".to_owned(),
            foreign(&self.header().to_string()),
        )];
        for (member, value) in [
            ("jku", json!("https://attacker.example/jwks.json")),
            ("jku", json!("file:///etc/passwd")),
            ("x5u", json!("https://attacker.example/cert.pem")),
            ("jwk", json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"})),
            ("jwk", json!({"kty": "oct", "k": "AA"})),
            ("x5c", json!(["MIIB"])),
            ("x5t", json!("AAAA")),
            ("crit", json!(["exp"])),
            ("crit", json!([])),
            ("crit", json!(["b64"])),
            ("b64", json!(false)),
            ("zip", json!("DEF")),
            ("enc", json!("A256GCM")),
            ("cty", json!("JWT")),
        ] {
            let header = changed(&self.header(), member, Some(value.clone()));
            all.push((format!("{member} {value}, foreign key"), foreign(&header)));
            let signed = self.signed(&header, &payload);
            all.push((format!("{member} {value}, true key"), signed));
        }
        all
    }

    fn kids_and_types(&self) -> Vec<Named> {
        let kid = &self.kid;
        let mut all = vec![("kid missing".to_owned(), self.with_header("kid", None))];
        for kid in [
            json!(null),
            json!(1),
            json!(true),
            json!([kid]),
            json!({"kid": kid}),
            json!(""),
            json!("another"),
            json!(kid.to_uppercase()),
            json!(format!("{kid} ")),
            json!(format!("{kid}\0")),
            json!(format!("{kid}.public")),
            json!(format!("../session/{kid}")),
            json!(format!("./{kid}")),
            json!("../../../../dev/null"),
            json!("/etc/passwd"),
            json!(format!("{kid}' OR '1'='1")),
            json!("'; DROP TABLE keys; --"),
            json!("| cat /etc/passwd"),
            json!("https://attacker.example/key"),
            json!("ｋ１"),
        ] {
            all.push((format!("kid {kid}"), self.with_header("kid", Some(kid))));
        }
        let long = self.with_header("kid", Some(json!("k".repeat(2_000))));
        all.push(("a kid of 2,000 letters".to_owned(), long));
        for typ in [
            json!("jwt"),
            json!("JOSE"),
            json!("at+jwt"),
            json!("device+jwt"),
            json!(""),
            json!(1),
            json!(["JWT"]),
        ] {
            all.push((format!("typ {typ}"), self.with_header("typ", Some(typ))));
        }
        all
    }

    /// The true token, written in another way.
    fn spellings(&self) -> Vec<Named> {
        let token = self.true_token();
        let (header, rest) = token.split_once('.').unwrap();
        let (payload, signature) = rest.split_once('.').unwrap();
        let padded = URL_SAFE.encode(self.header().to_string() + " ");
        [
            ("nothing at all", String::new()),
            ("a dot", ".".to_owned()),
            ("two dots", "..".to_owned()),
            ("three dots", "...".to_owned()),
            ("a space before", format!(" {token}")),
            ("a space after", format!("{token} ")),
            ("a line end after", format!("{token}\n")),
            ("a tab within", format!("{header}.\t{payload}.{signature}")),
            ("a space within", token.replacen('.', ". ", 1)),
            ("a dot before", format!(".{token}")),
            ("Bearer before", format!("Bearer {token}")),
            ("in quotes", format!("\"{token}\"")),
            ("a NUL after", format!("{token}\0")),
            ("a NUL before", format!("\0{token}")),
            ("percent-encoded dots", token.replace('.', "%2E")),
            ("commas for dots", token.replace('.', ",")),
            ("full-width dots", token.replace('.', "．")),
            ("a letter of another alphabet", format!("{token}é")),
            ("upper case", token.to_uppercase()),
            ("a padded header", format!("{padded}.{payload}.{signature}")),
            ("payload first", format!("{payload}.{header}.{signature}")),
            ("without a header", format!(".{payload}.{signature}")),
            ("without a payload", format!("{header}..{signature}")),
            (
                "five parts, as encrypted tokens have",
                format!("{header}.{payload}.{signature}.AA.AA"),
            ),
            (
                "in JSON",
                json!({"payload": payload, "protected": header, "signature": signature})
                    .to_string(),
            ),
            ("twice", format!("{token}{token}")),
            ("100 KB of a letter", "x".repeat(100_000)),
            ("100 KB of dots", ".".repeat(100_000)),
        ]
        .map(|(name, token)| (format!("written: {name}"), token))
        .to_vec()
    }

    /// What was signed truly, for something else.
    fn other_purposes(&self) -> Vec<Named> {
        let now = self.now();
        let key = EncodingKey::from_ed_pem(&self.internal).unwrap();
        let internal = json!({
            "iss": "auth-service", "aud": "customer-management-service", "iat": now, "exp": now + 60,
            "customerId": 1, "fullName": "An", "sid": self.claims["jti"],
        });
        let mut all = Vec::new();
        for header in [
            json!({"alg": "EdDSA", "typ": "JWT"}),
            json!({"alg": "EdDSA", "typ": "JWT", "kid": self.kid}),
            json!({"alg": "EdDSA", "typ": "JWT", "kid": "auth-service"}),
        ] {
            let token = with_signature(&header.to_string(), &internal.to_string(), |message| {
                crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap()
            });
            all.push((format!("an internal token, header {header}"), token));
        }
        let device = json!({
            "iss": "colloquy", "aud": "colloquy-devices", "iat": now, "exp": now + 60,
            "device": self.claims["jti"], "account": "user1",
        });
        let typed = changed(&self.header(), "typ", Some(json!("device+jwt")));
        for (name, header) in [
            ("a device token", typed.clone()),
            (
                "a device token typed as a session's",
                self.header().to_string(),
            ),
        ] {
            let token = self.signed(&header, &device.to_string());
            all.push((name.to_owned(), token));
        }
        let mixed = self.claims_with("aud", Some(json!("colloquy-devices")));
        all.push(("a session for devices".into(), self.signed(&typed, &mixed)));
        all
    }
}

fn changed(object: &Value, member: &str, value: Option<Value>) -> String {
    let mut changed = object.clone();
    let members = changed.as_object_mut().unwrap();
    match value {
        Some(value) => members.insert(member.to_owned(), value),
        None => members.remove(member),
    };
    changed.to_string()
}

fn part(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

fn with_signature(header: &str, payload: &str, sign: impl FnOnce(&str) -> String) -> String {
    let message = format!("{}.{}", part(header), part(payload));
    let signature = sign(&message);
    format!("{message}.{signature}")
}
