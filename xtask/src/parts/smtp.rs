//! An SMTP server that keeps each mail as a file: aiosmtpd from PyPI, in a folder of its own.

use std::{fs, path::PathBuf, process::Command};

use anyhow::Result;

use super::{Recipe, pip};
use crate::{daemon::Daemon, places::Places};

const VERSION: &str = "1.4.6";

pub struct Smtp {
    distribution: PathBuf,
    state: PathBuf,
    mails: PathBuf,
    port: u16,
}

impl Smtp {
    pub fn new(places: &Places) -> Self {
        Self {
            distribution: places.distribution(&format!("aiosmtpd-{VERSION}")),
            state: places.state("smtp"),
            mails: mail_folder(places),
            port: places.port(1025),
        }
    }
}

/// The Maildir in which mails arrive, one file each in its folder `new`.
pub fn mail_folder(places: &Places) -> PathBuf {
    places.state("smtp").join("mail")
}

impl Recipe for Smtp {
    fn daemon(&self) -> Daemon {
        let marker = self.mails.display().to_string();
        Daemon::new(self.state.clone(), "smtp", marker, self.port)
    }

    fn install(&self) -> Result<()> {
        pip::install(&self.distribution, &format!("aiosmtpd=={VERSION}"), None)
    }

    fn command(&self) -> Result<Command> {
        // Not the mail folder itself: the handler makes it, and fails on one that is no Maildir.
        fs::create_dir_all(&self.state)?;
        let mut server = pip::python(&self.distribution);
        server
            .args([
                "-m",
                "aiosmtpd",
                "-n",
                "-l",
                &format!("127.0.0.1:{}", self.port),
            ])
            .args(["-c", "aiosmtpd.handlers.Mailbox"])
            .arg(&self.mails);
        Ok(server)
    }
}
