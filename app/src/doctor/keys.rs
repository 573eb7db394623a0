//! The keys: whether they are there, belong together, are closed to others, and how old the one is that signs.

use std::{os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Duration};

use colloquy_chassis::{ServiceName, SystemClock, answer::chain};
use colloquy_credentials::{
    internal_token::InternalVerifier,
    key_check::SecretFile,
    keys::{KeyError, KeyFolder},
    session_verifier::SessionVerifier,
};

use super::finding::Finding;
use crate::settings::Settings;

const FOLDER: &str = "keys";
const SESSION: &str = "keys.session";
const SERVICES: &str = "keys.services";
const SEALS: &str = "keys.seals";
const FILES: &str = "keys.files";
const DAY: Duration = Duration::from_hours(24);
/// A key that signs for longer than this has had long to leak.
const OLD_AFTER_DAYS: u64 = 365;
const GENERATE: &str = "`colloquy keys generate --dir FOLDER` makes what is missing";
const ANEW: &str = "put the pair back from where it was made, or remove both halves and run `colloquy keys generate`";

/// What is wrong with the folder as a whole.
pub fn folder(path: &Path) -> Option<Vec<Finding>> {
    if path.is_dir() {
        return None;
    }
    let found = format!("keys.folder is {}, which is no folder", path.display());
    Some(vec![Finding::fail(FOLDER, found, GENERATE)])
}

/// Looks at the keys of one service, or at all.
pub fn check(keys: &KeyFolder, service: Option<ServiceName>, settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    if service.is_none_or(|one| one == ServiceName::Auth) {
        findings.push(signing(keys, settings));
    } else if matches!(
        service,
        Some(ServiceName::ApiGateway | ServiceName::Websocket)
    ) {
        findings.push(verifying(keys, settings));
    }
    findings.push(internal(keys, service));
    findings.extend(seals(keys, service));
    findings.push(files(keys, service));
    findings
}

fn signing(keys: &KeyFolder, settings: &Settings) -> Finding {
    let algorithms = &settings.sessions.algorithms;
    let checked = keys.check_session_pair(algorithms.signing());
    let checked = checked.and_then(|kid| Ok((keys.session_key_age(&kid)?, kid)));
    let (age, kid) = match checked {
        Ok(checked) => checked,
        Err(error) => return Finding::fail(SESSION, chain(&error), remedy(&error)),
    };
    let days = age.as_secs() / DAY.as_secs();
    let verifying = keys.session_public().map_or(0, |keys| keys.len());
    let found = format!(
        "{kid} signs with {}, is {days} days old; {verifying} verify",
        algorithms.signing()
    );
    if days > OLD_AFTER_DAYS {
        return Finding::warn(SESSION, found, "`colloquy keys rotate` once a year");
    }
    Finding::ok(SESSION, found)
}

fn verifying(keys: &KeyFolder, settings: &Settings) -> Finding {
    let algorithms = &settings.sessions.algorithms;
    match SessionVerifier::load(keys, algorithms, Arc::new(SystemClock)) {
        Ok(_) => {
            let count = keys.session_public().map_or(0, |keys| keys.len());
            Finding::ok(SESSION, format!("{count} verify"))
        }
        Err(error) => Finding::fail(SESSION, chain(&error), remedy(&error)),
    }
}

/// The keys by which services prove to each other who they are.
fn internal(keys: &KeyFolder, service: Option<ServiceName>) -> Finding {
    let of: Vec<_> = match service {
        Some(service) => vec![service],
        None => ServiceName::ALL.into(),
    };
    let whole = of.iter().try_for_each(|&service| {
        keys.check_internal_pair(service)?;
        InternalVerifier::load(keys, service, Arc::new(SystemClock)).map(drop)
    });
    match whole {
        Ok(()) => Finding::ok(
            SERVICES,
            format!("{} of {} pairs match", of.len(), of.len()),
        ),
        Err(error) => {
            let found = format!(
                "{}: services refuse each other's calls with 401",
                chain(&error)
            );
            Finding::fail(SERVICES, found, remedy(&error))
        }
    }
}

fn seals(keys: &KeyFolder, service: Option<ServiceName>) -> Option<Finding> {
    let is_of = |one| service.is_none_or(|service| service == one);
    let otp = is_of(ServiceName::Otp).then(|| keys.otp_seal());
    let mail = is_of(ServiceName::Mail).then(|| keys.mail_seal());
    let seals: Result<Vec<_>, _> = otp.into_iter().chain(mail).collect();
    match seals {
        Ok(seals) if seals.is_empty() => None,
        Ok(_) => Some(Finding::ok(SEALS, "codes and mails can be sealed")),
        Err(error) => Some(Finding::fail(SEALS, chain(&error), remedy(&error))),
    }
}

/// A key that is mounted may belong to another user and be readable by its group: that is how this user reads it.
fn files(keys: &KeyFolder, service: Option<ServiceName>) -> Finding {
    let files = match keys.secret_files(service) {
        Ok(files) => files,
        Err(error) => return Finding::fail(FILES, chain(&error), "make it readable for this user"),
    };
    let user = rustix::process::geteuid().as_raw();
    let is_open = |file: &&SecretFile| {
        file.mode & 0o007 != 0 || (file.mode & 0o070 != 0 && file.owner == user)
    };
    let open: Vec<_> = files.iter().filter(is_open).collect();
    let Some(first) = open.first() else {
        return Finding::ok(
            FILES,
            format!("{} secret files are closed to others", files.len()),
        );
    };
    let path = first.path.display();
    let others = match open.len() - 1 {
        0 => String::new(),
        others => format!(" (and {others} others)"),
    };
    Finding::fail(
        FILES,
        format!(
            "{path} has mode {:04o}{others}, so that other users of this machine can read it",
            first.mode
        ),
        format!("chmod 600 {path}"),
    )
}

fn remedy(error: &KeyError) -> &'static str {
    match error {
        KeyError::NoPair(_) | KeyError::Malformed(_) => ANEW,
        KeyError::Unfit(_) | KeyError::Weak(_) => {
            "`colloquy keys rotate --algorithm …`, or change sessions.algorithms"
        }
        KeyError::Undecided(_) => {
            "write the name of the key that is to sign into the file session/signing"
        }
        KeyError::File { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            "run this as the user of the system, or give that user the file"
        }
        _ => GENERATE,
    }
}

/// The permissions of a path, if it is there.
pub fn mode(path: &Path) -> Option<u32> {
    Some(path.metadata().ok()?.permissions().mode() & 0o7777)
}
