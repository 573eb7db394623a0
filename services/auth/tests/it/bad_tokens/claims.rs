//! Truly signed tokens with claims that may not be.

use serde_json::{Value, json};

use super::{Forge, Named};

impl Forge {
    pub(super) fn times(&self) -> Vec<Named> {
        let now = self.now();
        let issued = self.claims["iat"].as_i64().unwrap();
        self.claims_refused(&[
            ("exp", None),
            ("exp", Some(json!(null))),
            ("exp", Some(json!((now + 60).to_string()))),
            ("exp", Some(json!("never"))),
            ("exp", Some(json!("2999-01-01T00:00:00Z"))),
            ("exp", Some(json!(-1))),
            ("exp", Some(json!(-(now + 60)))),
            ("exp", Some(json!(0))),
            ("exp", Some(json!(now - 86_400))),
            ("exp", Some(json!(now - 1))),
            ("exp", Some(json!(now))),
            ("exp", Some(json!((now + 60) * 1000))),
            ("exp", Some(json!(issued + 86_401))),
            ("exp", Some(json!(9_007_199_254_740_991_i64))),
            ("exp", Some(json!(i64::MAX))),
            ("exp", Some(json!(i64::MIN))),
            ("exp", Some(json!(u64::MAX))),
            ("exp", Some(json!(1e300))),
            ("exp", Some(json!(now as f64 + 60.5))),
            ("exp", Some(json!([now + 60]))),
            ("exp", Some(json!(true))),
            ("nbf", Some(json!(now + 1))),
            ("nbf", Some(json!(i64::MAX))),
            ("nbf", Some(json!(now.to_string()))),
            ("nbf", Some(json!(now as f64 + 0.5))),
            ("nbf", Some(json!([]))),
            ("iat", None),
            ("iat", Some(json!(issued.to_string()))),
            ("iat", Some(json!(-1))),
            ("iat", Some(json!(now + 61))),
            ("iat", Some(json!(i64::MIN))),
            ("iat", Some(json!(issued as f64 + 0.5))),
            ("sessionNumber", Some(json!("1"))),
            ("sessionNumber", Some(json!(1.5))),
            ("sessionNumber", Some(json!(null))),
            ("sessionNumber", Some(json!(u64::MAX))),
        ])
    }

    pub(super) fn parties(&self) -> Vec<Named> {
        let (issuer, audience) = (&self.claims["iss"], &self.claims["aud"]);
        self.claims_refused(&[
            ("iss", None),
            ("iss", Some(json!(null))),
            ("iss", Some(json!(""))),
            ("iss", Some(json!("somebody"))),
            ("iss", Some(json!("auth-service"))),
            ("iss", Some(json!(issuer.as_str().unwrap().to_uppercase()))),
            ("iss", Some(json!([issuer]))),
            ("iss", Some(json!(1))),
            ("aud", None),
            ("aud", Some(json!(null))),
            ("aud", Some(json!(""))),
            ("aud", Some(json!("api-gateway"))),
            ("aud", Some(json!("colloquy-devices"))),
            (
                "aud",
                Some(json!(audience.as_str().unwrap().to_uppercase())),
            ),
            ("aud", Some(json!([audience]))),
            ("aud", Some(json!([audience, "others"]))),
            ("aud", Some(json!({"aud": audience}))),
        ])
    }

    pub(super) fn identities(&self) -> Vec<Named> {
        let session = self.claims["jti"].as_str().unwrap();
        let mut refused = vec![
            ("customerId", None),
            ("customerId", Some(json!(null))),
            ("customerId", Some(json!(1))),
            ("customerId", Some(json!(["1"]))),
            ("sub", None),
            ("sub", Some(json!(1))),
            ("fullName", None),
            ("fullName", Some(json!(["An"]))),
            ("roles", None),
            ("roles", Some(json!("ROLE_USER"))),
            ("jti", None),
            ("jti", Some(json!(null))),
            ("jti", Some(json!(1))),
        ];
        for id in [
            "",
            "one",
            "-1",
            "0",
            "+1",
            "01",
            "1.0",
            "1e0",
            "0x1",
            " 1",
            "1 ",
            "1\0",
            "1,2",
            "１",
            "9223372036854775808",
            "99999999999999999999999",
        ] {
            refused.push(("customerId", Some(json!(id))));
        }
        for id in [
            "".to_owned(),
            "session-1".to_owned(),
            "../../sessions".to_owned(),
            format!("{{{session}}}"),
            format!("urn:uuid:{session}"),
            session.replace('-', ""),
            session.to_uppercase(),
            format!("{session} "),
        ] {
            refused.push(("jti", Some(json!(id))));
        }
        self.claims_refused(&refused)
    }

    fn claims_refused(&self, claims: &[(&str, Option<Value>)]) -> Vec<Named> {
        let header = self.header().to_string();
        let refused = claims.iter().map(|(claim, value)| {
            let name = match value {
                Some(value) => format!("{claim} {value}"),
                None => format!("{claim} missing"),
            };
            let payload = self.claims_with(claim, value.clone());
            (name, self.signed(&header, &payload))
        });
        refused.collect()
    }

    pub(super) fn payloads(&self) -> Vec<Named> {
        let (header, claims) = (self.header().to_string(), self.claims.to_string());
        let twice = |claim: &str, value: &str| {
            format!(r#"{},"{claim}":{value}}}"#, claims.trim_end_matches('}'))
        };
        let mut all = Vec::new();
        for (name, payload) in [
            ("customerId twice", twice("customerId", r#""2""#)),
            ("exp twice", twice("exp", &(self.now() + 120).to_string())),
            ("iss twice", twice("iss", r#""colloquy""#)),
            ("jti twice", twice("jti", r#""x""#)),
            ("nothing", String::new()),
            ("null", "null".to_owned()),
            ("a number", "1".to_owned()),
            ("a text", r#""claims""#.to_owned()),
            ("an empty object", "{}".to_owned()),
            ("the claims in a list", format!("[{claims}]")),
            ("two objects", format!("{claims}{claims}")),
            ("half of the claims", claims[..40].to_owned()),
            ("a byte order mark", format!("\u{feff}{claims}")),
            ("a NUL at the end", format!("{claims}\0")),
        ] {
            let token = self.signed(&header, &payload);
            all.push((format!("payload: {name}"), token));
        }
        let huge = self.claims_with("fullName", Some(json!("x".repeat(100_000))));
        all.push(("100 KB, truly signed".into(), self.signed(&header, &huge)));
        let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
        all.push(("a deep payload".into(), self.signed(&header, &deep)));
        for bad in ["", "null", "[]", "{}", "x"] {
            let token = self.signed(bad, &claims);
            all.push((format!("header: {bad:?}"), token));
        }
        all
    }
}
