//! The public half of one session key: what it verifies, and how a key set names it.

use aws_lc_rs::rsa::PublicKey as RsaPublicKey;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, crypto};
use serde::Serialize;

use crate::{keys::KeyError, session_algorithm::SessionAlgorithm};

/// RSA keys of fewer bits are refused.
const LEAST_RSA_BITS: usize = 2048;
const ED25519_BYTES: usize = 32;

#[derive(Debug)]
pub struct PublicKey {
    key: DecodingKey,
    parameters: Parameters,
}

/// What a key consists of, as RFC 7518 and RFC 8037 name it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kty")]
enum Parameters {
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
    #[serde(rename = "OKP")]
    Ed25519 { crv: &'static str, x: String },
}

/// A public key as RFC 7517 has it.
#[derive(Debug, Serialize)]
pub struct Jwk {
    kid: String,
    #[serde(rename = "use")]
    usage: &'static str,
    /// Left out where a deployment believes several algorithms of one key.
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<&'static str>,
    #[serde(flatten)]
    parameters: Parameters,
}

impl Jwk {
    /// The key's name in the set.
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.parameters == other.parameters
    }
}

impl PublicKey {
    /// The RSA or Ed25519 key in a PEM file.
    pub fn from_pem(kid: &str, pem: &[u8]) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed(kid.into());
        if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
            let der = key.try_get_as_bytes().map_err(|_| malformed())?;
            let rsa = RsaPublicKey::from_der(der).map_err(|_| malformed())?;
            if rsa.modulus_len() * 8 < LEAST_RSA_BITS {
                return Err(KeyError::Weak(kid.into()));
            }
            let n = URL_SAFE_NO_PAD.encode(rsa.modulus().big_endian_without_leading_zero());
            let e = URL_SAFE_NO_PAD.encode(rsa.exponent().big_endian_without_leading_zero());
            let parameters = Parameters::Rsa { n, e };
            return Ok(Self { key, parameters });
        }
        let key = DecodingKey::from_ed_pem(pem).map_err(|_| malformed())?;
        let x = key.try_get_as_bytes().map_err(|_| malformed())?;
        if x.len() != ED25519_BYTES {
            return Err(malformed());
        }
        let parameters = Parameters::Ed25519 {
            crv: "Ed25519",
            x: URL_SAFE_NO_PAD.encode(x),
        };
        Ok(Self { key, parameters })
    }

    /// Whether the key is of the kind that an algorithm needs.
    pub fn fits(&self, algorithm: SessionAlgorithm) -> bool {
        match algorithm {
            SessionAlgorithm::Rs256 | SessionAlgorithm::Ps256 => {
                matches!(self.parameters, Parameters::Rsa { .. })
            }
            SessionAlgorithm::EdDsa => matches!(self.parameters, Parameters::Ed25519 { .. }),
        }
    }

    /// Whether a signature is this key's, by that algorithm.
    pub fn signed(&self, message: &str, signature: &str, algorithm: SessionAlgorithm) -> bool {
        self.fits(algorithm)
            && crypto::verify(
                signature,
                message.as_bytes(),
                &self.key,
                algorithm.algorithm(),
            )
            .unwrap_or(false)
    }

    /// The key in a key set, with the algorithm if there is one alone.
    pub fn jwk(&self, kid: String, algorithm: Option<SessionAlgorithm>) -> Jwk {
        Jwk {
            kid,
            usage: "sig",
            alg: algorithm.map(SessionAlgorithm::name),
            parameters: self.parameters.clone(),
        }
    }
}
