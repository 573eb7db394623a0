//! A server of MongoDB's protocol: mongo-java-server from Maven, on a file.
//!
//! No registry carries a real `mongod`; what is tested against this server is said of its protocol,
//! not of MongoDB itself. It knows no users; beside the plain port it has one with TLS.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::{Recipe, apt, certificates, maven};
use crate::{daemon::Daemon, places::Places};

const VERSION: &str = "1.47.0";
const POM: &str = include_str!("mongo.pom.xml");
const MAIN: &str = include_str!("MongoMain.java");

pub struct Mongo {
    distribution: PathBuf,
    state: PathBuf,
    port: u16,
    tls_port: u16,
    tls: PathBuf,
}

/// The URI of the port with TLS.
pub fn tls_url(places: &Places) -> String {
    format!("mongodb://127.0.0.1:{}/?tls=true", tls_port(places))
}

fn tls_port(places: &Places) -> u16 {
    places.port(7218)
}

impl Mongo {
    pub fn new(places: &Places) -> Self {
        Self {
            distribution: places.distribution(&format!("mongo-java-server-{VERSION}")),
            state: places.state("mongo"),
            port: places.port(7217),
            tls_port: tls_port(places),
            tls: certificates::folder(places),
        }
    }

    fn file(&self) -> PathBuf {
        self.state.join("mongo.h2.mv")
    }
}

impl Recipe for Mongo {
    fn daemon(&self) -> Daemon {
        let marker = self.file().display().to_string();
        Daemon::new(self.state.clone(), "mongo", marker, self.port)
    }

    fn distribution(&self) -> Option<&Path> {
        Some(&self.distribution)
    }

    fn install(&self) -> Result<()> {
        apt::need("javac", "default-jdk-headless")?;
        let source = self.distribution.join("MongoMain.java");
        if !maven::is_complete(&self.distribution) {
            maven::fetch(&self.distribution, &POM.replace("{{version}}", VERSION))?;
        } else if fs::read_to_string(&source).is_ok_and(|text| text == MAIN) {
            return Ok(());
        }
        // Its name is that of what was compiled only once it is.
        let folder = self.distribution.join("next");
        fs::create_dir_all(&folder)?;
        let compiled = folder.join("MongoMain.java");
        fs::write(&compiled, MAIN)?;
        maven::run(
            Command::new("javac")
                .arg("-cp")
                .arg(self.distribution.join("lib/*"))
                .arg("-d")
                .arg(self.distribution.join("classes"))
                .arg(&compiled),
        )?;
        fs::rename(compiled, source)?;
        maven::complete(&self.distribution)
    }

    fn command(&self) -> Result<Command> {
        fs::create_dir_all(&self.state)?;
        let mut server = maven::java(&self.distribution, "256m");
        server
            .arg("MongoMain")
            .arg(self.port.to_string())
            .arg(self.file())
            .arg("127.0.0.1")
            .arg(self.tls_port.to_string())
            .arg(self.tls.join("server.pem"))
            .arg(self.tls.join("server.key"));
        Ok(server)
    }
}
