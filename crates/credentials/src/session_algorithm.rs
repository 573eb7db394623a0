//! With which algorithms session tokens may be signed: RS256, and by a setting PS256 and `EdDSA`.

use std::{fmt, str::FromStr};

use jsonwebtoken::Algorithm;
use serde::Deserialize;

/// A signature algorithm that session tokens may have. There is no other: no `none`, and nothing with a shared secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum SessionAlgorithm {
    /// RSA with PKCS #1 v1.5 padding.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA with PSS padding.
    #[serde(rename = "PS256")]
    Ps256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl SessionAlgorithm {
    /// The name, as in the header of a token and in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm as the library that signs calls it.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Ps256 => Algorithm::PS256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

impl fmt::Display for SessionAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no algorithm of session tokens.
#[derive(Debug, thiserror::Error)]
#[error("unknown algorithm {0}: use RS256, PS256 or EdDSA")]
pub struct UnknownAlgorithm(String);

impl FromStr for SessionAlgorithm {
    type Err = UnknownAlgorithm;

    /// Exactly as [`SessionAlgorithm::name`]: upper and lower case differ.
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        [Self::Rs256, Self::Ps256, Self::EdDsa]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}

/// The algorithms of a deployment: the first one signs, all of them are believed. RS256 alone by default.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<SessionAlgorithm>")]
pub struct Algorithms(Vec<SessionAlgorithm>);

/// A list of no algorithms.
#[derive(Debug, thiserror::Error)]
#[error("at least one algorithm must be listed")]
pub struct NoAlgorithm;

impl Algorithms {
    /// The one that signs.
    #[must_use]
    pub fn signing(&self) -> SessionAlgorithm {
        self.0[0]
    }

    /// Those that are believed.
    pub fn believed(&self) -> impl Iterator<Item = SessionAlgorithm> {
        self.0.iter().copied()
    }
}

impl Default for Algorithms {
    fn default() -> Self {
        Self(vec![SessionAlgorithm::Rs256])
    }
}

impl TryFrom<Vec<SessionAlgorithm>> for Algorithms {
    type Error = NoAlgorithm;

    fn try_from(algorithms: Vec<SessionAlgorithm>) -> Result<Self, NoAlgorithm> {
        if algorithms.is_empty() {
            return Err(NoAlgorithm);
        }
        Ok(Self(algorithms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_3_rs256_is_the_default_and_the_first_of_a_list_signs() {
        assert_eq!(Algorithms::default().signing(), SessionAlgorithm::Rs256);
        let list: Algorithms = serde_json::from_str(r#"["EdDSA","RS256"]"#).unwrap();
        assert_eq!(list.signing(), SessionAlgorithm::EdDsa);
        assert_eq!(list.believed().count(), 2);
    }

    #[test]
    fn s09_no_other_algorithm_can_be_set() {
        for list in [r"[]", r#"["none"]"#, r#"["HS256"]"#, r#"["rs256"]"#] {
            assert!(serde_json::from_str::<Algorithms>(list).is_err(), "{list}");
        }
        assert!("RS384".parse::<SessionAlgorithm>().is_err());
    }
}
