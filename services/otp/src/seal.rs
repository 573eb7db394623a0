//! How a code rests in the store: sealed, so that whoever reads the store reads no code, and whoever writes to it makes
//! none. A hash would protect nothing: there are only a million codes to try (decision 22).

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use bytes::Bytes;
use colloquy_chassis::keys::SealKey;

use crate::{
    address::Address,
    code::{Code, DIGITS},
    randomness::{CryptoFailure, Randomness},
};

const ID: usize = 16;

/// A code and what tells it from every other, the same digits at another time included.
#[derive(Debug)]
pub(crate) struct KeptCode {
    pub(crate) code: Code,
    /// Random, and known to nobody without the key: tries are counted under it.
    pub(crate) id: [u8; ID],
}

impl KeptCode {
    pub(crate) fn draw(randomness: &dyn Randomness) -> Result<Self, CryptoFailure> {
        let mut id = [0; ID];
        randomness.fill(&mut id)?;
        let code = Code::draw(randomness)?;
        Ok(Self { code, id })
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let (digits, id) = text.split_at_checked(DIGITS)?;
        Some(Self {
            code: Code::parse(digits)?,
            id: id.try_into().ok()?,
        })
    }
}

/// Seals and opens: AES-256-GCM with a fresh random nonce for each seal, bound to the address, so that a sealed code
/// moved to another address does not open. One key is good for 2³² seals, a hundred a second for a year.
pub(crate) struct Seal(RandomizedNonceKey);

impl Seal {
    pub(crate) fn new(key: &SealKey) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key.bytes());
        Self(key.expect("any 256 bits are a key"))
    }

    /// `nonce ‖ ciphertext ‖ tag`.
    pub(crate) fn seal(&self, address: &Address, kept: &KeptCode) -> Result<Bytes, CryptoFailure> {
        let mut text = [&kept.code.digits()[..], &kept.id[..]].concat();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(address.text()), &mut text)
            .map_err(|_| CryptoFailure)?;
        Ok([&nonce.as_ref()[..], &text[..]].concat().into())
    }

    /// What was sealed with this key for this address, unless it was changed.
    pub(crate) fn open(&self, address: &Address, sealed: &[u8]) -> Option<KeptCode> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let text = self
            .0
            .open_in_place(nonce, Aad::from(address.text()), &mut text)
            .ok()?;
        KeptCode::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use colloquy_chassis::keys::KeyFolder;

    use super::*;
    use crate::SystemRandomness;

    /// A seal whose key is this byte, again and again.
    fn seal(byte: u8) -> Seal {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("otp")).unwrap();
        let file = folder.path().join("otp").join("seal.key");
        std::fs::write(file, STANDARD.encode([byte; 32])).unwrap();
        Seal::new(&KeyFolder::new(folder.path()).otp_seal().unwrap())
    }

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn kept() -> KeptCode {
        KeptCode::draw(&SystemRandomness::default()).unwrap()
    }

    #[test]
    fn s06_what_was_sealed_opens_and_is_the_same() {
        let (seal, kept, an) = (seal(1), kept(), address("an@example.com"));
        let sealed = seal.seal(&an, &kept).unwrap();
        let opened = seal.open(&an, &sealed).unwrap();
        assert!(opened.code.is(&kept.code));
        assert_eq!(opened.id, kept.id);
    }

    #[test]
    fn s06_two_seals_of_one_code_differ_and_hold_neither_code_nor_id() {
        let (seal, kept, an) = (seal(1), kept(), address("an@example.com"));
        let (first, second) = (
            seal.seal(&an, &kept).unwrap(),
            seal.seal(&an, &kept).unwrap(),
        );
        assert_ne!(first[..NONCE_LEN], second[..NONCE_LEN]);
        assert_ne!(first[NONCE_LEN..], second[NONCE_LEN..]);
        for sealed in [first, second] {
            assert!(
                !sealed
                    .windows(DIGITS)
                    .any(|part| part == kept.code.digits())
            );
            assert!(!sealed.windows(ID).any(|part| part == kept.id));
        }
    }

    #[test]
    fn s06_what_was_changed_moved_or_sealed_with_another_key_does_not_open() {
        let (seal_of_ours, kept, an) = (seal(1), kept(), address("an@example.com"));
        let sealed = seal_of_ours.seal(&an, &kept).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.to_vec();
            changed[at] ^= 1;
            assert!(seal_of_ours.open(&an, &changed).is_none(), "byte {at}");
            assert!(seal_of_ours.open(&an, &sealed[..at]).is_none(), "cut {at}");
        }
        let binh = address("binh@example.com");
        assert!(seal_of_ours.open(&binh, &sealed).is_none());
        assert!(seal(2).open(&an, &sealed).is_none());
    }
}
