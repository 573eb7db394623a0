//! An SMTP server that keeps each mail as a file: aiosmtpd from PyPI, in a folder of its own.

use std::{fs, path::PathBuf, process::Command};

use anyhow::Result;

use super::{Recipe, apt, maven};
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

    fn pip_install(&self, options: &[&str]) -> Result<()> {
        maven::run(
            Command::new("python3")
                .args(["-m", "pip", "install", "-q", "--disable-pip-version-check"])
                .args(["--root-user-action=ignore", "--upgrade"])
                .args(options)
                .arg("--target")
                .arg(&self.distribution)
                .arg(format!("aiosmtpd=={VERSION}")),
        )
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
        if maven::is_complete(&self.distribution) {
            return Ok(());
        }
        let has_pip = maven::run(Command::new("python3").args(["-m", "pip", "--version"])).is_ok();
        if !has_pip {
            apt::install("python3-pip")?;
        }
        // Debian's own Python asks for this option, and an older pip does not know it.
        self.pip_install(&["--break-system-packages"])
            .or_else(|_| self.pip_install(&[]))?;
        maven::complete(&self.distribution)
    }

    fn command(&self) -> Result<Command> {
        // Not the mail folder itself: the handler makes it, and fails on one that is no Maildir.
        fs::create_dir_all(&self.state)?;
        let mut server = Command::new("python3");
        server
            .env("PYTHONPATH", &self.distribution)
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
