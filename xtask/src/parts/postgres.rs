//! PostgreSQL: Debian's server on a cluster of our own. Debian's cluster stays untouched and down.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use super::{Recipe, apt, certificates, maven};
use crate::{
    daemon::{self, Daemon},
    places::Places,
};

const PROGRAMS: &str = "/usr/lib/postgresql";
const ROLE: &str = "app";
/// Two users come over TLS alone, one with a password and one with a certificate; all others need neither.
const ADMISSIONS: &str = "hostssl all {{user}} 127.0.0.1/32 scram-sha-256\n\
                          hostssl all {{certified}} 127.0.0.1/32 cert\n\
                          host all {{user}},{{certified}} all reject\n\
                          host all all 127.0.0.1/32 trust\n\
                          host replication all 127.0.0.1/32 trust\n";
/// They have the rights of the role that the databases belong to, and what they make belongs to it.
const USERS: &str = "DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{{user}}') THEN
        CREATE ROLE {{user}} LOGIN IN ROLE {{role}} PASSWORD '{{password}}';
        ALTER ROLE {{user}} SET role = '{{role}}';
        CREATE ROLE {{certified}} LOGIN IN ROLE {{role}};
        ALTER ROLE {{certified}} SET role = '{{role}}';
    END IF;
END $$";

pub struct Postgres {
    state: PathBuf,
    port: u16,
    tls: PathBuf,
}

/// The URL of a database on this server, without TLS.
pub fn url(places: &Places, database: &str) -> String {
    format!(
        "postgres://{ROLE}@127.0.0.1:{}/{database}?sslmode=disable",
        port(places)
    )
}

/// The URL of a database for the user with a password, who has to come over TLS.
pub fn tls_url(places: &Places, database: &str) -> String {
    let (user, password) = (certificates::USER, certificates::PASSWORD);
    format!(
        "postgres://{user}:{password}@127.0.0.1:{}/{database}",
        port(places)
    )
}

fn port(places: &Places) -> u16 {
    places.port(5432)
}

impl Postgres {
    pub fn new(places: &Places) -> Self {
        Self {
            state: places.state("postgres"),
            port: port(places),
            tls: certificates::folder(places),
        }
    }

    /// Creates a database unless it is there.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn ensure_database(&self, name: &str) -> Result<()> {
        let list = self
            .client("psql")?
            .args(["-d", "postgres", "-Atqc", "select datname from pg_database"])
            .output()?;
        if !list.status.success() {
            bail!("psql failed: {}", String::from_utf8_lossy(&list.stderr));
        }
        if String::from_utf8_lossy(&list.stdout)
            .lines()
            .any(|line| line == name)
        {
            return Ok(());
        }
        maven::run(self.client("createdb")?.arg(name))
    }

    fn client(&self, name: &str) -> Result<Command> {
        let mut client = Command::new(programs()?.join(name));
        client.args(["-h", "127.0.0.1", "-U", ROLE, "-p", &self.port.to_string()]);
        Ok(client)
    }

    fn initialise(&self) -> Result<()> {
        let done = self.state.join("initialised");
        if done.exists() {
            return Ok(());
        }
        if self.cluster().exists() {
            fs::remove_dir_all(self.cluster())?;
        }
        maven::run(
            as_server(&programs()?.join("initdb"))?
                .arg("-D")
                .arg(self.cluster())
                .args(["-U", ROLE, "-A", "trust", "-E", "UTF8"])
                .args(["--locale=C.UTF-8", "--no-sync"]),
        )?;
        Ok(fs::write(done, "")?)
    }

    /// The server takes a key only if it is of its own account.
    fn write_protection(&self) -> Result<()> {
        let key = self.state.join("server.key");
        certificates::private(&key, &fs::read_to_string(self.tls.join("server.key"))?)?;
        if let Some((user, group)) = server_account()? {
            chown(&key, Some(user), Some(group))?;
        }
        Ok(fs::write(self.admissions(), of_users(ADMISSIONS))?)
    }

    fn ensure_users(&self) -> Result<()> {
        let mut ask = self.client("psql")?;
        maven::run(ask.args(["-d", "postgres", "-qc", &of_users(USERS)]))
    }

    fn admissions(&self) -> PathBuf {
        self.state.join("pg_hba.conf")
    }

    /// After SIGKILL the lock file names a process that may stay a zombie for a while, and the server
    /// would refuse to start beside it.
    fn drop_stale_lock(&self) -> Result<()> {
        let lock = self.cluster().join("postmaster.pid");
        let Ok(text) = fs::read_to_string(&lock) else {
            return Ok(());
        };
        let owner = text.lines().next().and_then(|pid| pid.trim().parse().ok());
        if owner.is_some_and(daemon::is_gone) {
            fs::remove_file(lock)?;
        }
        Ok(())
    }

    fn cluster(&self) -> PathBuf {
        self.state.join("cluster")
    }
}

impl Recipe for Postgres {
    fn daemon(&self) -> Daemon {
        let marker = format!("-D {}", self.cluster().display());
        Daemon::new(self.state.clone(), "postgres", marker, self.port)
    }

    fn install(&self) -> Result<()> {
        if programs().is_ok() {
            return Ok(());
        }
        apt::install("postgresql")
    }

    fn command(&self) -> Result<Command> {
        fs::create_dir_all(&self.state)?;
        if let Some((user, group)) = server_account()? {
            chown(&self.state, Some(user), Some(group))?;
        }
        self.initialise()?;
        self.drop_stale_lock()?;
        self.write_protection()?;
        let mut server = as_server(&programs()?.join("postgres"))?;
        server.arg("-D").arg(self.cluster());
        for setting in [
            "listen_addresses=127.0.0.1",
            &format!("port={}", self.port),
            "unix_socket_directories=",
            "max_connections=300",
            "shared_buffers=64MB",
            &format!("hba_file={}", self.admissions().display()),
            "ssl=on",
            &format!("ssl_cert_file={}/server.pem", self.tls.display()),
            &format!("ssl_key_file={}/server.key", self.state.display()),
            &format!("ssl_ca_file={}/ca.pem", self.tls.display()),
        ] {
            server.args(["-c", setting]);
        }
        Ok(server)
    }

    fn is_ready(&self) -> bool {
        self.client("pg_isready")
            .and_then(|mut ask| maven::run(ask.args(["-q", "-d", "postgres"])))
            .is_ok()
    }

    fn after_start(&self) -> Result<()> {
        self.ensure_users()?;
        self.ensure_database("app")
    }

    /// A fast shutdown: sessions are ended, data is flushed.
    fn stop_signal(&self) -> Signal {
        Signal::INT
    }
}

fn of_users(template: &str) -> String {
    template
        .replace("{{user}}", certificates::USER)
        .replace("{{certified}}", certificates::CERTIFIED_USER)
        .replace("{{password}}", certificates::PASSWORD)
        .replace("{{role}}", ROLE)
}

/// One of the programs that come with the newest server.
///
/// # Errors
/// No server is installed.
pub fn program(name: &str) -> Result<PathBuf> {
    Ok(programs()?.join(name))
}

/// The folder of the newest server's programs.
fn programs() -> Result<PathBuf> {
    fs::read_dir(PROGRAMS)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let folder = entry.ok()?.path();
            let version: u32 = folder.file_name()?.to_str()?.parse().ok()?;
            let programs = folder.join("bin");
            programs
                .join("postgres")
                .exists()
                .then_some((version, programs))
        })
        .max()
        .map(|(_, programs)| programs)
        .context("no PostgreSQL server is installed")
}

/// A command under the account that may run the server, from a folder which that account can read.
fn as_server(program: &Path) -> Result<Command> {
    let mut command = Command::new(program);
    command.current_dir("/");
    if let Some((user, group)) = server_account()? {
        command.uid(user).gid(group);
    }
    Ok(command)
}

/// User and group `postgres` when we are root, as which the server refuses to run.
fn server_account() -> Result<Option<(u32, u32)>> {
    if !apt::is_root() {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd")?;
    account_in(&accounts, "postgres")
        .context("there is no user postgres")
        .map(Some)
}

fn account_in(accounts: &str, name: &str) -> Option<(u32, u32)> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next() == Some(name);
        let user = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        is_it.then_some((user, group))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "root:x:0:0:root:/root:/bin/bash\npostgres2:x:5:6::/:\npostgres:x:105:112:,,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(account_in(accounts, "postgres"), Some((105, 112)));
        assert_eq!(account_in(accounts, "nobody"), None);
    }
}
