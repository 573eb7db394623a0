//! Whether the keys of a folder can do their work, before a process needs them. Nothing is made or changed.

use std::{fs, os::unix::fs::MetadataExt as _, path::PathBuf, time::Duration};

use colloquy_chassis::ServiceName;
use jsonwebtoken::{EncodingKey, crypto};

use crate::{
    hand_out::{KINDS, file_names, needs},
    keys::{KeyError, KeyFolder, failed},
    public_key::PublicKey,
    session_algorithm::SessionAlgorithm,
};

const MESSAGE: &str = "two halves of one pair";

/// A file of the folder that is not for all to read.
#[derive(Clone, Debug)]
pub struct SecretFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// The number of the user that owns it.
    pub owner: u32,
}

impl KeyFolder {
    /// The name of the session key that signs, whose two halves are of one pair and of the algorithm's kind.
    ///
    /// # Errors
    /// A half is missing or cannot be read, or the two do not belong together.
    pub fn check_session_pair(&self, algorithm: SessionAlgorithm) -> Result<String, KeyError> {
        let (kid, private) = self.session_private()?;
        let halves = self.session_public()?;
        let public = halves.into_iter().find(|(name, _)| *name == kid);
        let (_, public) =
            public.ok_or_else(|| KeyError::Missing(self.path("session", &kid, "public")))?;
        if is_pair(&private, &kid, &public, algorithm)? {
            Ok(kid)
        } else {
            Err(KeyError::NoPair(self.path("session", &kid, "private")))
        }
    }

    /// Whether the two halves of a service's key for internal tokens are of one pair.
    ///
    /// # Errors
    /// They are not, or a half is missing or cannot be read.
    pub fn check_internal_pair(&self, service: ServiceName) -> Result<(), KeyError> {
        let private = self.internal_private(service)?;
        let public = self.internal_public(service)?;
        if is_pair(&private, service.name(), &public, SessionAlgorithm::EdDsa)? {
            Ok(())
        } else {
            let path = self.path("internal", service.name(), "private");
            Err(KeyError::NoPair(path))
        }
    }

    /// The files that a service has, or all, but for public halves.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn secret_files(&self, service: Option<ServiceName>) -> Result<Vec<SecretFile>, KeyError> {
        let mut files = Vec::new();
        for kind in KINDS {
            for name in file_names(&self.0.join(kind))? {
                let is_open = name.ends_with(".public.pem") || name == "signing";
                // In a folder that Kubernetes mounts there are folders of its own beside the keys.
                if is_open
                    || name.starts_with('.')
                    || !service.is_none_or(|service| needs(service, kind, &name))
                {
                    continue;
                }
                let path = self.0.join(kind).join(name);
                let metadata = fs::metadata(&path).map_err(failed(&path))?;
                files.push(SecretFile {
                    path,
                    mode: metadata.mode() & 0o7777,
                    owner: metadata.uid(),
                });
            }
        }
        Ok(files)
    }

    /// How long ago the private half of this session key was written: a copy counts from when it was made.
    ///
    /// # Errors
    /// It is not there.
    pub fn session_key_age(&self, kid: &str) -> Result<Duration, KeyError> {
        let path = self.path("session", kid, "private");
        let written = fs::metadata(&path).and_then(|metadata| metadata.modified());
        let elapsed = written.map_err(failed(&path))?.elapsed();
        // A file from the future is new.
        Ok(elapsed.unwrap_or_default())
    }
}

fn is_pair(
    private: &[u8],
    name: &str,
    public: &[u8],
    algorithm: SessionAlgorithm,
) -> Result<bool, KeyError> {
    let key = match algorithm {
        SessionAlgorithm::Rs256 | SessionAlgorithm::Ps256 => EncodingKey::from_rsa_pem(private),
        SessionAlgorithm::EdDsa => EncodingKey::from_ed_pem(private),
    };
    let key = key.map_err(|_| KeyError::Unfit(algorithm))?;
    let public = PublicKey::from_pem(name, public)?;
    let signature = crypto::sign(MESSAGE.as_bytes(), &key, algorithm.algorithm())
        .map_err(|_| KeyError::Unfit(algorithm))?;
    Ok(public.signed(MESSAGE, &signature, algorithm))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, KeyFolder) {
        let place = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(place.path());
        keys.first_session_key("k1", SessionAlgorithm::EdDsa)
            .unwrap();
        keys.complete("k1").unwrap();
        (place, keys)
    }

    #[test]
    fn s10_halves_of_two_pairs_are_found_out() {
        let (_place, keys) = folder();
        let (_other_place, other) = folder();
        assert_eq!(
            keys.check_session_pair(SessionAlgorithm::EdDsa).unwrap(),
            "k1"
        );
        let unfit = keys.check_session_pair(SessionAlgorithm::Rs256);
        assert!(matches!(unfit, Err(KeyError::Unfit(_))));
        for service in ServiceName::ALL {
            keys.check_internal_pair(service).unwrap();
        }
        let swap = |kind, name| {
            fs::copy(
                other.path(kind, name, "public"),
                keys.path(kind, name, "public"),
            )
            .unwrap();
        };
        swap("session", "k1");
        swap("internal", "auth-service");
        let session = keys.check_session_pair(SessionAlgorithm::EdDsa);
        assert!(matches!(session, Err(KeyError::NoPair(_))));
        let internal = keys.check_internal_pair(ServiceName::Auth);
        assert!(matches!(internal, Err(KeyError::NoPair(_))));
    }

    #[test]
    fn s25_what_is_secret_is_listed_for_a_service_and_for_all() {
        let (_place, keys) = folder();
        let all = keys.secret_files(None).unwrap();
        // One of sessions, one of each service, one of codes, one of mails.
        assert_eq!(all.len(), 1 + ServiceName::ALL.len() + 2);
        assert!(all.iter().all(|file| file.mode == 0o600));
        let otp = keys.secret_files(Some(ServiceName::Otp)).unwrap();
        assert_eq!(otp.len(), 2);
    }
}
