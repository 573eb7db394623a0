//! A code in the store is sealed (decision 22). A hash would protect nothing: there are only a million codes to try.

use bytes::Bytes;
use colloquy_credentials::seal::{CannotSeal, Seal};

use crate::{
    address::Address,
    code::{Code, DIGITS},
    randomness::{CryptoFailure, Randomness},
};

const ID: usize = 16;

/// A code and the id that distinguishes it from every other, the same digits at another time included.
#[derive(Debug)]
pub(crate) struct StoredCode {
    pub(crate) code: Code,
    /// Random, and secret without the key: tries are counted under it.
    pub(crate) id: [u8; ID],
}

impl StoredCode {
    pub(crate) fn draw(randomness: &dyn Randomness) -> Result<Self, CryptoFailure> {
        let mut id = [0; ID];
        randomness.fill(&mut id)?;
        let code = Code::draw(randomness)?;
        Ok(Self { code, id })
    }

    /// Sealed for this address: under another it does not open.
    pub(crate) fn seal(&self, seal: &Seal, address: &Address) -> Result<Bytes, CannotSeal> {
        let text = [&self.code.digits()[..], &self.id[..]].concat();
        Ok(seal.seal(address.text().as_bytes(), &text)?.into())
    }

    pub(crate) fn open(seal: &Seal, address: &Address, sealed: &[u8]) -> Option<Self> {
        Self::parse(&seal.open(address.text().as_bytes(), sealed)?)
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let (digits, id) = text.split_at_checked(DIGITS)?;
        Some(Self {
            code: Code::parse(digits)?,
            id: id.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use colloquy_credentials::keys::SealKey;

    use super::*;
    use crate::SystemRandomness;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn s06_a_sealed_code_opens_for_its_address_alone() {
        let seal = Seal::new(&SealKey::from([1; 32]));
        let (an, binh) = (address("an@example.com"), address("binh@example.com"));
        let stored = StoredCode::draw(&SystemRandomness::default()).unwrap();
        let sealed = stored.seal(&seal, &an).unwrap();
        for secret in [&stored.code.digits()[..], &stored.id[..]] {
            assert!(!sealed.windows(secret.len()).any(|part| part == secret));
        }
        let opened = StoredCode::open(&seal, &an, &sealed).unwrap();
        assert!(opened.code.is(&stored.code));
        assert_eq!(opened.id, stored.id);
        assert!(StoredCode::open(&seal, &binh, &sealed).is_none());
    }
}
