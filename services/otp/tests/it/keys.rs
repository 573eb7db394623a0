//! The keys that codes and queued mails are sealed with, in their files.

use std::os::unix::fs::PermissionsExt as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use colloquy_credentials::keys::{KeyError, KeyFolder};

use crate::parts::{folder_with_seal, key};

#[test]
fn decision_22_keys_are_made_once_for_their_owner_alone_and_differ_from_folder_to_folder() {
    let made = || {
        let place = tempfile::tempdir().unwrap();
        let folder = KeyFolder::new(place.path());
        folder.complete("k1").unwrap();
        let keys = || [folder.otp_seal(), folder.mail_seal()].map(|key| *key.unwrap().bytes());
        let first = keys();
        folder.complete("k1").unwrap();
        assert_eq!(keys(), first);
        for service in ["otp", "mail"] {
            let own = place.path().join(service);
            let names: Vec<_> = std::fs::read_dir(&own)
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert_eq!(names, ["seal.key"]);
            let file = own.join("seal.key").metadata().unwrap();
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
        first
    };
    let ([otp, mail], others) = (made(), made());
    assert_ne!(otp, mail);
    assert!(!others.contains(&otp) && !others.contains(&mail));
}

#[test]
fn decision_22_a_key_may_end_in_a_line_break() {
    let (_place, folder) = folder_with_seal(&(STANDARD.encode([7; 32]) + "\n"));
    assert_eq!(folder.otp_seal().unwrap().bytes(), &[7; 32]);
}

#[test]
fn s06_a_key_that_is_malformed_or_missing_is_an_error() {
    for text in [
        String::new(),
        "x".repeat(32),
        STANDARD.encode([7; 31]),
        STANDARD.encode([7; 33]),
        STANDARD.encode([7; 64]),
    ] {
        let (_place, folder) = folder_with_seal(&text);
        let error = folder.otp_seal().unwrap_err();
        assert!(matches!(error, KeyError::Malformed(_)), "{error}");
    }
    let place = tempfile::tempdir().unwrap();
    let error = KeyFolder::new(place.path()).otp_seal().unwrap_err();
    assert!(matches!(error, KeyError::File { .. }), "{error}");
}

#[test]
fn s23_a_key_is_never_shown() {
    assert_eq!(format!("{:?}", key(1)), "SealKey(redacted)");
}
