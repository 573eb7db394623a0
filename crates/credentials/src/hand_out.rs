//! Handing out keys: a folder for each service, which holds what that service needs and nothing else.

use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::{MetadataExt as _, lchown},
    path::Path,
};

use colloquy_chassis::ServiceName;

use crate::keys::{KeyError, KeyFolder, failed, read, write};

const INTERNAL: &str = "internal";
const SESSION: &str = "session";
const OTP: &str = "otp";
const MAIL: &str = "mail";
/// The folders in a key folder.
pub(crate) const KINDS: [&str; 4] = [INTERNAL, SESSION, OTP, MAIL];

impl KeyFolder {
    /// Makes `to/{service}` a key folder for each service. What is there of an earlier time is replaced, and removed if the
    /// service needs it no more, so that it is called again after each change of the keys. It belongs to the owner of
    /// `to/{service}`, who may be another than the one that calls this.
    ///
    /// # Errors
    /// A file cannot be read, written or removed.
    pub fn hand_out(&self, to: &Path) -> Result<(), KeyError> {
        ServiceName::ALL
            .into_iter()
            .try_for_each(|service| self.hand_out_to(service, &to.join(service.name())))
    }

    fn hand_out_to(&self, service: ServiceName, folder: &Path) -> Result<(), KeyError> {
        fs::create_dir_all(folder).map_err(failed(folder))?;
        let owner = fs::symlink_metadata(folder).map_err(failed(folder))?;
        for kind in KINDS {
            let names: BTreeSet<String> = file_names(&self.0.join(kind))?
                .into_iter()
                .filter(|name| needs(service, kind, name))
                .collect();
            let target = folder.join(kind);
            for stale in file_names(&target)?.difference(&names) {
                let path = target.join(stale);
                fs::remove_file(&path).map_err(failed(&path))?;
            }
            if names.is_empty() {
                continue;
            }
            fs::create_dir_all(&target).map_err(failed(&target))?;
            refuse_link(&target)?;
            give(&target, &owner)?;
            for name in names {
                copy(&self.0.join(kind).join(&name), &target.join(&name), &owner)?;
            }
        }
        Ok(())
    }
}

/// Whether a service needs the file `name` of the folder `kind`: deny by default.
pub(crate) fn needs(service: ServiceName, kind: &str, name: &str) -> bool {
    let is_public = name.ends_with(".public.pem");
    match (kind, service) {
        (INTERNAL, _) => is_public || name == format!("{}.private.pem", service.name()),
        (SESSION, ServiceName::Auth) => {
            is_public || name == "signing" || name.ends_with(".private.pem")
        }
        (SESSION, ServiceName::ApiGateway | ServiceName::Websocket) => is_public,
        (OTP, ServiceName::Otp) | (MAIL, ServiceName::Mail) => name == "seal.key",
        _ => false,
    }
}

/// Under its name only when it is whole: the service may be reading the folder.
fn copy(from: &Path, to: &Path, owner: &fs::Metadata) -> Result<(), KeyError> {
    let bytes = read(from)?;
    let is_secret = !from.to_string_lossy().ends_with(".public.pem");
    let unfinished = to.with_extension("new");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed(&unfinished)(error));
        }
        _ => {}
    }
    let text = String::from_utf8_lossy(&bytes);
    write(&unfinished, if is_secret { 0o600 } else { 0o644 }, &text)?;
    give(&unfinished, owner)?;
    fs::rename(&unfinished, to).map_err(failed(to))
}

/// The owner of the folder, who is another than the one that calls this, must not lead it elsewhere.
fn refuse_link(folder: &Path) -> Result<(), KeyError> {
    let found = fs::symlink_metadata(folder).map_err(failed(folder))?;
    if found.is_symlink() {
        let why = io::Error::other("it is a link");
        return Err(failed(folder)(why));
    }
    Ok(())
}

fn give(path: &Path, owner: &fs::Metadata) -> Result<(), KeyError> {
    let (user, group) = (owner.uid(), owner.gid());
    let given = fs::symlink_metadata(path).and_then(|now| {
        if (now.uid(), now.gid()) == (user, group) {
            return Ok(());
        }
        lchown(path, Some(user), Some(group))
    });
    given.map_err(failed(path))
}

pub(crate) fn file_names(folder: &Path) -> Result<BTreeSet<String>, KeyError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries.map_err(failed(folder))?,
    };
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()
        .map_err(failed(folder))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::*;
    use crate::session_algorithm::SessionAlgorithm;

    fn handed_out() -> (TempDir, KeyFolder, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(folder.path().join("keys"));
        keys.first_session_key("k1", SessionAlgorithm::EdDsa)
            .unwrap();
        keys.complete("k1").unwrap();
        let to = folder.path().join("handed");
        keys.hand_out(&to).unwrap();
        (folder, keys, to)
    }

    #[test]
    fn a_link_in_the_folder_of_a_service_is_not_followed() {
        let (folder, keys, to) = handed_out();
        let elsewhere = folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let session = to.join(ServiceName::Auth.name()).join("session");
        fs::remove_dir_all(&session).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &session).unwrap();
        let refused = keys.hand_out(&to).unwrap_err();
        assert!(refused.to_string().contains("session"), "{refused}");
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }

    #[test]
    fn what_root_hands_out_again_belongs_to_the_owner_of_the_services_folder() {
        let (_folder, keys, to) = handed_out();
        let service = to.join(ServiceName::Auth.name());
        // Only root may give a file away; another user's call is of no effect here, and nothing is tested.
        let group = fs::metadata(&service).unwrap().gid() + 1;
        if lchown(&service, None, Some(group)).is_err() {
            return;
        }
        keys.hand_out(&to).unwrap();
        for path in ["internal", "internal/auth-service.private.pem", "session"] {
            let found = fs::metadata(service.join(path)).unwrap();
            assert_eq!(found.gid(), group, "{path}");
        }
    }

    /// What a service has that is not for all to read.
    fn secrets(folder: &Path) -> Vec<String> {
        KINDS
            .into_iter()
            .flat_map(|kind| {
                let names = file_names(&folder.join(kind)).unwrap();
                names.into_iter().map(move |name| format!("{kind}/{name}"))
            })
            .filter(|name| !name.ends_with(".public.pem"))
            .collect()
    }

    #[test]
    fn contract_3_each_service_gets_its_own_secrets_and_no_other() {
        let (_folder, _, to) = handed_out();
        for service in ServiceName::ALL {
            let mut expected = vec![format!("internal/{}.private.pem", service.name())];
            match service {
                ServiceName::Auth => expected.push("session/k1.private.pem".to_owned()),
                ServiceName::Otp => expected.push("otp/seal.key".to_owned()),
                ServiceName::Mail => expected.push("mail/seal.key".to_owned()),
                _ => {}
            }
            let folder = to.join(service.name());
            assert_eq!(secrets(&folder), expected, "{service}");
            let own = KeyFolder::new(&folder);
            own.internal_private(service).unwrap();
            for other in ServiceName::ALL {
                own.internal_public(other).unwrap();
            }
        }
    }

    #[test]
    fn s10_after_a_rotation_auth_signs_with_the_new_key_and_removed_keys_are_gone() {
        let (_folder, keys, to) = handed_out();
        keys.rotate(Some("k2"), SessionAlgorithm::EdDsa).unwrap();
        fs::remove_file(keys.path(SESSION, "k1", "public")).unwrap();
        keys.hand_out(&to).unwrap();
        let auth = KeyFolder::new(to.join("auth-service"));
        assert_eq!(auth.session_private().unwrap().0, "k2");
        assert_eq!(
            secrets(&to.join("auth-service"))[1..],
            ["session/k2.private.pem", "session/signing"]
        );
        for service in ["auth-service", "api-gateway", "websocket-service"] {
            let known = KeyFolder::new(to.join(service)).session_public().unwrap();
            let kids: Vec<_> = known.into_iter().map(|(kid, _)| kid).collect();
            assert_eq!(kids, ["k2"], "{service}");
        }
        assert!(!to.join("chat-query-service/session").exists());
    }
}
