//! Key files: made once, private halves readable by their owner alone (0600).
//!
//! ```text
//! keys/session/{kid}.private.pem    RSA 3072 or Ed25519, auth only    keys/session/{kid}.public.pem
//! keys/session/signing    the kid of the key that signs
//! keys/internal/{service}.private.pem    Ed25519, that service only    keys/internal/{service}.public.pem
//! keys/otp/seal.key, keys/mail/seal.key    256 random bits in base64, that service only
//! ```

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use colloquy_chassis::ServiceName;

use crate::session_algorithm::SessionAlgorithm;

/// The folders of those who seal.
const OTP: &str = "otp";
const MAIL: &str = "mail";

/// Why key files could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file system refused.
    #[error("cannot use key file {path}")]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// The key generator failed.
    #[error("cannot generate a key")]
    Generate,
    /// A file holds no key of the right kind.
    #[error("{0} contains no usable key")]
    Malformed(PathBuf),
    /// No key where one is needed.
    #[error("no key in {0}")]
    Missing(PathBuf),
    /// An RSA key of fewer than 2048 bits.
    #[error("the key {0} is too weak")]
    Weak(PathBuf),
    /// Several session keys have private halves.
    #[error("several session keys could sign, but {0} does not say which one to use")]
    Undecided(PathBuf),
    /// The session key is of another kind than the algorithm needs.
    #[error("no session key fits {0}: rotate to one that does, or change the algorithms")]
    Unfit(SessionAlgorithm),
    /// A private half and a public half of the same name that do not belong together.
    #[error("{0} and the public half beside it are not of one pair")]
    NoPair(PathBuf),
    /// There is a session key of that name.
    #[error("a session key named {0} already exists")]
    Taken(String),
    /// A name that could not be a file's.
    #[error("{0:?} is not a valid key name: use 1 to 64 letters, digits, - or _")]
    BadName(String),
}

/// What secrets in a store are sealed with, see [`crate::seal`]: 256 bits.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

impl SealKey {
    /// The key itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for SealKey {
    fn from(bits: [u8; 32]) -> Self {
        Self(bits)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(redacted)")
    }
}

/// A folder of key files.
#[derive(Clone, Debug)]
pub struct KeyFolder(pub(crate) PathBuf);

impl KeyFolder {
    /// The folder at `path`; nothing is read yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes whatever is missing: one session key, one internal pair for each service, and the keys that secrets in stores
    /// are sealed with.
    ///
    /// # Errors
    /// A key could not be made or written.
    pub fn complete(&self, first_kid: &str) -> Result<(), KeyError> {
        self.first_session_key(first_kid, SessionAlgorithm::Rs256)?;
        for service in ServiceName::ALL {
            if self.path("internal", service.name(), "public").exists() {
                continue;
            }
            let (private, public) = ed25519()?;
            self.write_pair("internal", service.name(), &private, &public)?;
        }
        [OTP, MAIL]
            .iter()
            .try_for_each(|service| self.complete_seal(service))
    }

    /// A service's own private key for internal tokens.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn internal_private(&self, service: ServiceName) -> Result<Vec<u8>, KeyError> {
        read(&self.path("internal", service.name(), "private"))
    }

    /// A service's public key for internal tokens.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn internal_public(&self, service: ServiceName) -> Result<Vec<u8>, KeyError> {
        read(&self.path("internal", service.name(), "public"))
    }

    /// The key that one-time codes are sealed with.
    ///
    /// # Errors
    /// It cannot be read, or is not 32 bytes in base64.
    pub fn otp_seal(&self) -> Result<SealKey, KeyError> {
        self.seal(OTP)
    }

    /// The key that the texts of queued mails are sealed with.
    ///
    /// # Errors
    /// It cannot be read, or is not 32 bytes in base64.
    pub fn mail_seal(&self) -> Result<SealKey, KeyError> {
        self.seal(MAIL)
    }

    fn seal(&self, service: &str) -> Result<SealKey, KeyError> {
        let path = self.seal_path(service);
        let base64 = read(&path)?;
        STANDARD
            .decode(base64.trim_ascii())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(SealKey)
            .ok_or(KeyError::Malformed(path))
    }

    /// Under its name only when it is whole: no second file tells that it is complete.
    fn complete_seal(&self, service: &str) -> Result<(), KeyError> {
        let path = self.seal_path(service);
        if path.exists() {
            return Ok(());
        }
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).map_err(|_| KeyError::Generate)?;
        let unfinished = path.with_extension("key.new");
        let folder = self.0.join(service);
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        write(&unfinished, 0o600, &(STANDARD.encode(key) + "\n"))?;
        fs::rename(&unfinished, &path).map_err(failed(&path))
    }

    fn seal_path(&self, service: &str) -> PathBuf {
        self.0.join(service).join("seal.key")
    }

    pub(crate) fn path(&self, kind: &str, name: &str, half: &str) -> PathBuf {
        self.0.join(kind).join(format!("{name}.{half}.pem"))
    }

    /// Public half last: it is what tells that a pair is complete.
    pub(crate) fn write_pair(
        &self,
        kind: &str,
        name: &str,
        private: &[u8],
        public: &[u8],
    ) -> Result<(), KeyError> {
        let folder = self.0.join(kind);
        fs::create_dir_all(&folder).map_err(|source| KeyError::File {
            path: folder,
            source,
        })?;
        write(
            &self.path(kind, name, "private"),
            0o600,
            &pem("PRIVATE KEY", private),
        )?;
        write(
            &self.path(kind, name, "public"),
            0o644,
            &pem("PUBLIC KEY", public),
        )
    }
}

/// The halves of a new pair.
pub(crate) fn ed25519() -> Result<(Vec<u8>, Vec<u8>), KeyError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Generate)?;
    let private = pair.to_pkcs8v1().map_err(|_| KeyError::Generate)?;
    let public =
        AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).map_err(|_| KeyError::Generate)?;
    Ok((private.as_ref().to_vec(), public.as_ref().to_vec()))
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    fs::read(path).map_err(|source| KeyError::File {
        path: path.to_owned(),
        source,
    })
}

pub(crate) fn write(path: &Path, mode: u32, text: &str) -> Result<(), KeyError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
        })
        .map_err(|source| KeyError::File {
            path: path.to_owned(),
            source,
        })
}

/// The error of what the file system refused for this path.
pub(crate) fn failed(path: &Path) -> impl FnOnce(io::Error) -> KeyError {
    let path = path.to_owned();
    move |source| KeyError::File { path, source }
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<&str> = (0..base64.len())
        .step_by(64)
        .map(|at| &base64[at..base64.len().min(at + 64)])
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}
