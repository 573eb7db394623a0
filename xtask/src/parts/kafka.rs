//! Apache Kafka: one KRaft node (broker and controller) from Maven's jars.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::{Recipe, apt, certificates, maven};
use crate::{daemon::Daemon, places::Places, probe};

const VERSION: &str = "4.3.1";
const POM: &str = include_str!("kafka.pom.xml");
const LOGGING: &str = include_str!("kafka.log4j2.properties");
const SETTINGS: &str = include_str!("kafka.server.properties");

/// Any base64url UUID will do for a broker that stands alone.
const CLUSTER_ID: &str = "4L6g3nShT-eMCtK--X86sw";

pub struct Kafka {
    distribution: PathBuf,
    state: PathBuf,
    port: u16,
    controller_port: u16,
    behind_proxy_port: u16,
    proxy_port: u16,
    secured_port: u16,
    certified_port: u16,
    tls: PathBuf,
}

/// The listener with TLS and a login.
pub fn secured(places: &Places) -> String {
    format!("127.0.0.1:{}", secured_port(places))
}

/// The listener with TLS where a certificate is the login.
pub fn certified(places: &Places) -> String {
    format!("127.0.0.1:{}", certified_port(places))
}

fn secured_port(places: &Places) -> u16 {
    places.port(9096)
}

fn certified_port(places: &Places) -> u16 {
    places.port(9097)
}

impl Kafka {
    pub fn new(places: &Places) -> Self {
        Self {
            distribution: places.distribution(&format!("kafka-{VERSION}")),
            state: places.state("kafka"),
            port: places.port(9092),
            controller_port: places.port(9093),
            behind_proxy_port: places.port(9094),
            proxy_port: places.port(9095),
            secured_port: secured_port(places),
            certified_port: certified_port(places),
            tls: certificates::folder(places),
        }
    }

    fn settings_file(&self) -> PathBuf {
        self.state.join("server.properties")
    }

    fn write_settings(&self) -> Result<()> {
        fs::create_dir_all(&self.state)?;
        let settings = SETTINGS
            .replace("{{port}}", &self.port.to_string())
            .replace("{{controller_port}}", &self.controller_port.to_string())
            .replace("{{behind_proxy_port}}", &self.behind_proxy_port.to_string())
            .replace("{{proxy_port}}", &self.proxy_port.to_string())
            .replace("{{secured_port}}", &self.secured_port.to_string())
            .replace("{{certified_port}}", &self.certified_port.to_string())
            .replace("{{tls}}", &self.tls.display().to_string())
            .replace("{{user}}", certificates::USER)
            .replace("{{password}}", certificates::PASSWORD)
            .replace("{{logs}}", &self.logs().display().to_string());
        Ok(fs::write(self.settings_file(), settings)?)
    }

    fn format_storage(&self) -> Result<()> {
        if self.logs().join("meta.properties").exists() {
            return Ok(());
        }
        let mut format = self.java("128m", "WARN");
        format
            .args(["kafka.tools.StorageTool", "format", "--ignore-formatted"])
            .args(["-t", CLUSTER_ID, "-c"])
            .arg(self.settings_file());
        for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
            let (user, password) = (certificates::USER, certificates::PASSWORD);
            format.arg("--add-scram");
            format.arg(format!("{mechanism}=[name={user},password={password}]"));
        }
        maven::run(&mut format)
    }

    fn java(&self, heap: &str, log_level: &str) -> Command {
        let mut java = maven::java(&self.distribution, heap);
        java.arg(format!(
            "-Dlog4j2.configurationFile={}/log4j2.properties",
            self.distribution.display()
        ))
        .arg(format!("-Dkafka.loglevel={log_level}"));
        java
    }

    fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }
}

impl Recipe for Kafka {
    fn daemon(&self) -> Daemon {
        let marker = self.settings_file().display().to_string();
        Daemon::new(self.state.clone(), "kafka", marker, self.port)
    }

    fn distribution(&self) -> Option<&Path> {
        Some(&self.distribution)
    }

    fn install(&self) -> Result<()> {
        apt::need("java", "default-jre-headless")?;
        if maven::is_complete(&self.distribution) {
            return Ok(());
        }
        maven::fetch(&self.distribution, &POM.replace("{{version}}", VERSION))?;
        fs::write(self.distribution.join("log4j2.properties"), LOGGING)?;
        maven::complete(&self.distribution)
    }

    fn command(&self) -> Result<Command> {
        self.write_settings()?;
        self.format_storage()?;
        let mut broker = self.java("512m", "INFO");
        broker.arg("kafka.Kafka").arg(self.settings_file());
        Ok(broker)
    }

    /// The port opens before the broker takes requests, so its own word is waited for as well.
    fn is_ready(&self) -> bool {
        fs::read_to_string(self.daemon().log())
            .is_ok_and(|log| log.contains("Kafka Server started"))
            && probe::is_open(self.port)
    }
}
