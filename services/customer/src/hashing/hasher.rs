//! Argon2 in memory of its own, which goes back to the system as a whole.
//!
//! glibc unmaps a large block when it is freed, but only the first time: from then on it takes blocks of that size from
//! its heap, and keeps them. A block of more than 32 MiB it always maps (`mallopt(3)`, `M_MMAP_THRESHOLD`). So that is
//! what is asked for; pages that are never written cost nothing.

use std::cell::RefCell;

use argon2::{
    Algorithm, Argon2, Block, CustomizedPasswordHasher, Params, PasswordHasher, Version,
    password_hash::{
        self,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};

/// More than glibc's heap takes.
const RESERVED: usize = 33 * 1024 * 1024 / Block::SIZE;

/// Hashes and verifies, one password at a time. Its memory comes with the first and stays until [`Hasher::rest`].
pub(super) struct Hasher {
    params: Params,
    memory: RefCell<Vec<Block>>,
}

impl Hasher {
    /// One that hashes with these parameters, and verifies with those of the hash.
    pub(super) fn new(params: Params) -> Self {
        Self {
            params,
            memory: RefCell::default(),
        }
    }

    /// Gives the memory back.
    pub(super) fn rest(&self) {
        self.memory.take();
    }

    /// Whether there is memory to give back.
    pub(super) fn holds_memory(&self) -> bool {
        self.memory.borrow().capacity() > 0
    }
}

impl PasswordHasher<PasswordHash> for Hasher {
    fn hash_password_with_salt(
        &self,
        password: &[u8],
        salt: &[u8],
    ) -> password_hash::Result<PasswordHash> {
        self.hash_password_customized(password, salt, None, None, self.params.clone())
    }
}

impl CustomizedPasswordHasher<PasswordHash> for Hasher {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<password_hash::Version>,
        params: Params,
    ) -> password_hash::Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?;
        let version = version.map(Version::try_from).transpose()?;
        let (algorithm, version) = (algorithm.unwrap_or_default(), version.unwrap_or_default());
        let mut output = [0; Output::MAX_LENGTH];
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let output = output
            .get_mut(..length)
            .ok_or(password_hash::Error::OutputSize)?;
        let mut memory = self.memory.borrow_mut();
        let blocks = params.block_count().max(memory.len());
        if memory.capacity() == 0 {
            *memory = Vec::with_capacity(blocks.max(RESERVED));
        }
        memory.resize(blocks, Block::new());
        Argon2::new(algorithm, version, params.clone()).hash_password_into_with_memory(
            password,
            salt,
            output,
            memory.as_mut_slice(),
        )?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(Salt::new(salt)?),
            hash: Some(Output::new(output)?),
        })
    }
}
