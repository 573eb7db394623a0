//! Session keys: which one signs, which ones verify, and how they change without ending a session (S10).
//!
//! The file `keys/session/signing` names the key that signs. Without it there must be one private half alone.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::KeySize,
    signature::{KeyPair as _, RsaKeyPair},
};

use crate::{
    keys::{KeyError, KeyFolder, ed25519, read, write},
    session_algorithm::SessionAlgorithm,
};

const KIND: &str = "session";
const LONGEST_KID: usize = 64;

/// Whether a text can be the name of a session key: so it is a file's name too, and nothing else.
#[must_use]
pub fn is_kid(text: &str) -> bool {
    (1..=LONGEST_KID).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

impl KeyFolder {
    /// Makes a session key of that name, if there is none at all.
    ///
    /// # Errors
    /// It could not be made or written, or that is no name.
    pub fn first_session_key(
        &self,
        kid: &str,
        algorithm: SessionAlgorithm,
    ) -> Result<(), KeyError> {
        if self.kids("public").unwrap_or_default().is_empty() {
            self.make_session_pair(kid, algorithm)?;
        }
        Ok(())
    }

    /// Makes another session key, which signs from now on, and answers its name: the given one, or else the next of `k1`,
    /// `k2`, `k3` …. Earlier keys go on verifying; their private halves are of no more use, and are removed.
    ///
    /// The process that signs has to be started again; those that verify need not. A public half can be removed once every token
    /// that it verifies has expired, after a day.
    ///
    /// # Errors
    /// There is such a key, that is no name, or the key could not be made or written. Then the earlier one goes on signing.
    pub fn rotate(
        &self,
        kid: Option<&str>,
        algorithm: SessionAlgorithm,
    ) -> Result<String, KeyError> {
        let known = self.kids("public")?;
        let kid = kid.map_or_else(|| next(&known), str::to_owned);
        if known.contains(&kid) {
            return Err(KeyError::Taken(kid));
        }
        // Named before there are two, so that an end in between leaves no doubt about which one signs.
        if !self.signing_path().exists() {
            self.sign_with(&self.session_private()?.0)?;
        }
        self.make_session_pair(&kid, algorithm)?;
        self.sign_with(&kid)?;
        for earlier in self.kids("private")? {
            if earlier != kid {
                let path = self.path(KIND, &earlier, "private");
                fs::remove_file(&path).map_err(|source| KeyError::File { path, source })?;
            }
        }
        Ok(kid)
    }

    /// The session key that signs, with its kid.
    ///
    /// # Errors
    /// There is none here, nothing says which one of several, or it cannot be read.
    pub fn session_private(&self) -> Result<(String, Vec<u8>), KeyError> {
        let kid = if self.signing_path().exists() {
            let text = read(&self.signing_path())?;
            let named = String::from_utf8_lossy(&text).trim().to_owned();
            if !is_kid(&named) {
                return Err(KeyError::Malformed(self.signing_path()));
            }
            named
        } else {
            let mut kids = self.kids("private")?;
            match (kids.pop(), kids.is_empty()) {
                (Some(only), true) => only,
                (Some(_), false) => return Err(KeyError::Undecided(self.signing_path())),
                (None, _) => return Err(KeyError::Missing(self.session_folder())),
            }
        };
        let pem = read(&self.path(KIND, &kid, "private"))?;
        Ok((kid, pem))
    }

    /// Every session key's public half, with its kid: all of them verify, so that keys can be rotated.
    ///
    /// # Errors
    /// There is none, or one cannot be read.
    pub fn session_public(&self) -> Result<Vec<(String, Vec<u8>)>, KeyError> {
        let kids = self.kids("public")?;
        if kids.is_empty() {
            return Err(KeyError::Missing(self.session_folder()));
        }
        kids.into_iter()
            .map(|kid| {
                let pem = read(&self.path(KIND, &kid, "public"))?;
                Ok((kid, pem))
            })
            .collect()
    }

    fn make_session_pair(&self, kid: &str, algorithm: SessionAlgorithm) -> Result<(), KeyError> {
        if !is_kid(kid) {
            return Err(KeyError::BadName(kid.to_owned()));
        }
        let (private, public) = match algorithm {
            SessionAlgorithm::Rs256 | SessionAlgorithm::Ps256 => rsa()?,
            SessionAlgorithm::EdDsa => ed25519()?,
        };
        self.write_pair(KIND, kid, &private, &public)
    }

    /// At once or not at all: a reader finds the earlier name or this one.
    fn sign_with(&self, kid: &str) -> Result<(), KeyError> {
        let (path, folder) = (self.signing_path(), self.session_folder());
        let new = path.with_extension("new");
        write(&new, 0o644, &format!("{kid}\n"))?;
        fs::rename(&new, &path)
            .and_then(|()| File::open(&folder)?.sync_all())
            .map_err(|source| KeyError::File { path, source })
    }

    fn signing_path(&self) -> PathBuf {
        self.session_folder().join("signing")
    }

    fn session_folder(&self) -> PathBuf {
        self.0.join(KIND)
    }

    /// The names of the keys that have this half here, sorted as text.
    fn kids(&self, half: &str) -> Result<Vec<String>, KeyError> {
        let folder = self.session_folder();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(source) => {
                return Err(KeyError::File {
                    path: folder,
                    source,
                });
            }
        };
        let suffix = format!(".{half}.pem");
        let kid = |name: &str| name.strip_suffix(&suffix).map(str::to_owned);
        let mut kids: Vec<String> = entries
            .filter_map(|entry| kid(entry.ok()?.file_name().to_str()?))
            .filter(|kid| is_kid(kid))
            .collect();
        kids.sort();
        Ok(kids)
    }
}

/// Counted and not compared as text, so that `k10` comes after `k9`.
fn next(known: &[String]) -> String {
    let numbers = known
        .iter()
        .filter_map(|kid| kid.strip_prefix('k')?.parse::<u32>().ok());
    format!("k{}", numbers.max().unwrap_or_default().saturating_add(1))
}

fn rsa() -> Result<(Vec<u8>, Vec<u8>), KeyError> {
    let pair = RsaKeyPair::generate(KeySize::Rsa3072).map_err(|_| KeyError::Generate)?;
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| KeyError::Generate)?;
    let public =
        AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).map_err(|_| KeyError::Generate)?;
    Ok((private.as_ref().to_vec(), public.as_ref().to_vec()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Ed25519 keys are made in no time.
    fn folder() -> (tempfile::TempDir, KeyFolder) {
        let place = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(place.path());
        keys.first_session_key("k9", SessionAlgorithm::EdDsa)
            .unwrap();
        (place, keys)
    }

    fn signs(keys: &KeyFolder) -> String {
        keys.session_private().unwrap().0
    }

    #[test]
    fn s10_the_newest_key_signs_whatever_the_names_and_all_go_on_verifying() {
        let (_place, keys) = folder();
        assert_eq!(signs(&keys), "k9");
        for (asked, kid) in [(None, "k10"), (Some("a"), "a"), (None, "k11")] {
            assert_eq!(keys.rotate(asked, SessionAlgorithm::EdDsa).unwrap(), kid);
            assert_eq!(signs(&keys), kid);
            assert_eq!(keys.kids("private").unwrap(), [kid], "no other can sign");
        }
        let verifying: Vec<String> = keys
            .session_public()
            .unwrap()
            .into_iter()
            .map(|(kid, _)| kid)
            .collect();
        assert_eq!(verifying, ["a", "k10", "k11", "k9"]);
    }

    #[test]
    fn s10_a_key_that_is_there_is_never_overwritten() {
        let (_place, keys) = folder();
        let before = keys.session_public().unwrap();
        let error = keys
            .rotate(Some("k9"), SessionAlgorithm::EdDsa)
            .unwrap_err();
        assert!(matches!(error, KeyError::Taken(kid) if kid == "k9"));
        keys.first_session_key("k1", SessionAlgorithm::EdDsa)
            .unwrap();
        assert_eq!(keys.session_public().unwrap(), before);
    }

    #[test]
    fn s10_names_that_lead_elsewhere_are_refused() {
        let (_place, keys) = folder();
        for kid in ["", "../k2", "a/b", "a.b", "a b", "ü", &"k".repeat(65)] {
            let error = keys.rotate(Some(kid), SessionAlgorithm::EdDsa).unwrap_err();
            assert!(matches!(error, KeyError::BadName(_)), "{kid}");
        }
        assert_eq!(signs(&keys), "k9");
    }

    #[test]
    fn s10_a_rotation_that_is_cut_short_leaves_the_earlier_key_signing() {
        let (_place, keys) = folder();
        keys.rotate(Some("no name"), SessionAlgorithm::EdDsa)
            .unwrap_err();
        // What an end between making the pair and naming it leaves behind.
        keys.make_session_pair("k10", SessionAlgorithm::EdDsa)
            .unwrap();
        assert_eq!(signs(&keys), "k9");
    }

    #[test]
    fn s10_of_several_private_halves_none_signs_until_one_is_named() {
        let (_place, keys) = folder();
        keys.make_session_pair("k10", SessionAlgorithm::EdDsa)
            .unwrap();
        let error = keys.session_private().unwrap_err();
        assert!(matches!(error, KeyError::Undecided(_)));
        keys.sign_with("k9").unwrap();
        assert_eq!(signs(&keys), "k9");
        fs::write(keys.signing_path(), "../k9").unwrap();
        assert!(keys.session_private().is_err());
    }

    #[test]
    fn s10_private_halves_are_their_owners_alone() {
        let (_place, keys) = folder();
        let kid = keys.rotate(None, SessionAlgorithm::EdDsa).unwrap();
        let private = fs::metadata(keys.path(KIND, &kid, "private")).unwrap();
        assert_eq!(private.permissions().mode() & 0o777, 0o600);
    }
}
