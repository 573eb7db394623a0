//! A server of MongoDB's protocol: mongo-java-server from Maven, on a file.
//!
//! No registry carries a real `mongod`; what is tested against this server is said of its protocol,
//! not of MongoDB itself.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::{Recipe, apt, maven};
use crate::{daemon::Daemon, places::Places};

const VERSION: &str = "1.47.0";
const POM: &str = include_str!("mongo.pom.xml");
const MAIN: &str = include_str!("MongoMain.java");

pub struct Mongo {
    distribution: PathBuf,
    state: PathBuf,
    port: u16,
}

impl Mongo {
    pub fn new(places: &Places) -> Self {
        Self {
            distribution: places.distribution(&format!("mongo-java-server-{VERSION}")),
            state: places.state("mongo"),
            port: places.port(7217),
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
        let is_complete = maven::is_complete(&self.distribution);
        if is_complete && fs::read_to_string(&source).is_ok_and(|text| text == MAIN) {
            return Ok(());
        }
        if !is_complete {
            maven::fetch(&self.distribution, &POM.replace("{{version}}", VERSION))?;
        }
        fs::write(&source, MAIN)?;
        maven::run(
            Command::new("javac")
                .arg("-cp")
                .arg(self.distribution.join("lib/*"))
                .arg("-d")
                .arg(self.distribution.join("classes"))
                .arg(source),
        )?;
        maven::complete(&self.distribution)
    }

    fn command(&self) -> Result<Command> {
        fs::create_dir_all(&self.state)?;
        let mut server = maven::java(&self.distribution, "256m");
        server
            .arg("MongoMain")
            .arg(self.port.to_string())
            .arg(self.file());
        Ok(server)
    }
}
