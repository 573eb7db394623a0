//! An SMTP server that keeps each mail as a file, with and without TLS: aiosmtpd from PyPI, in a folder of its own.

use std::{fs, path::PathBuf, process::Command};

use anyhow::Result;

use super::{Recipe, certificates, pip};
use crate::{daemon::Daemon, places::Places};

const VERSION: &str = "1.4.6";
const MAIN: &str = include_str!("smtp.py");

pub struct Smtp {
    distribution: PathBuf,
    state: PathBuf,
    mails: PathBuf,
    port: u16,
    starttls_port: u16,
    tls_port: u16,
    certificate: PathBuf,
    key: PathBuf,
}

impl Smtp {
    pub fn new(places: &Places) -> Self {
        Self {
            distribution: places.distribution(&format!("aiosmtpd-{VERSION}")),
            state: places.state("smtp"),
            mails: mail_folder(places),
            port: places.port(1025),
            starttls_port: starttls_port(places),
            tls_port: tls_port(places),
            certificate: certificates::file(places, "server.pem"),
            key: certificates::file(places, "server.key"),
        }
    }
}

/// Where STARTTLS and a login are required.
pub fn starttls_port(places: &Places) -> u16 {
    places.port(1026)
}

/// Where TLS begins with the first byte, and a login is required.
pub fn tls_port(places: &Places) -> u16 {
    places.port(1027)
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
        let main = self.state.join("smtp.py");
        fs::write(&main, MAIN)?;
        let mut server = pip::python(&self.distribution);
        server
            .arg(main)
            .arg(&self.mails)
            .args([self.port, self.starttls_port, self.tls_port].map(|port| port.to_string()))
            .args([&self.certificate, &self.key])
            .args([certificates::USER, certificates::PASSWORD]);
        Ok(server)
    }
}
