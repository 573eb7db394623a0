//! The eight services behind nginx, as the page "From one binary to a cluster" sets them up, on stores that hold nothing yet.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result};
use colloquy_e2e::harness::{binary, within};
use reqwest::Url;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use uuid::Uuid;

use crate::process::{Process, run};

/// Callees before callers.
const SERVICES: [&str; 8] = [
    "otp-service",
    "mail-service",
    "customer-management-service",
    "auth-service",
    "chat-command-service",
    "chat-query-service",
    "websocket-service",
    "api-gateway",
];
/// Only nginx calls these.
const EDGE: [&str; 2] = ["websocket-service", "api-gateway"];
/// Each service that keeps something in PostgreSQL has a database of its own.
const IN_POSTGRES: [&str; 4] = ["accounts", "sessions", "mail", "write_store"];
/// Consumer groups meet, and debug builds share two cores with the parts.
const READY_TIMEOUT: Duration = Duration::from_secs(120);
const NGINX: &str = include_str!("../../../deploy/nginx.conf");

/// Where a service listens, and where it answers for its health.
struct Service {
    name: &'static str,
    port: u16,
    admin: u16,
}

pub struct Cluster {
    /// `host:port` of nginx.
    public: String,
    redis: u16,
    services: Vec<Service>,
    // Processes end before their folder goes.
    processes: Vec<Process>,
    folder: TempDir,
}

impl Cluster {
    /// Makes empty databases, and writes the settings of a system that clients reach at this URL.
    pub async fn prepare(url: &str) -> Result<Self> {
        let mut ports = free_ports(2 * SERVICES.len() + 1)?.into_iter();
        let redis = ports.next().context("one more than the services need")?;
        let services = SERVICES.into_iter().map_while(|name| {
            let (port, admin) = (ports.next()?, ports.next()?);
            Some(Service { name, port, admin })
        });
        let cluster = Self {
            public: url.trim_start_matches("http://").to_owned(),
            redis,
            services: services.collect(),
            processes: Vec::new(),
            folder: tempfile::tempdir()?,
        };
        fs::write(cluster.settings(), cluster.settings_text(url).await?)?;
        Ok(cluster)
    }

    /// `colloquy import`.
    pub async fn import(&self, data: &Path) -> Result<String> {
        let mut import = Command::new(binary::find()?);
        import.args(["import", "--data"]).arg(data);
        import.arg("--config").arg(self.settings());
        run(import).await
    }

    pub fn take_keys(&self, keys: &Path) -> Result<()> {
        copy(keys, &self.folder.path().join("keys"))
    }

    /// Starts everything, and waits until all of it is ready.
    pub async fn start(&mut self) -> Result<()> {
        let redis = self.start_redis()?;
        self.processes.push(redis);
        for service in &self.services {
            let mut serve = Command::new(binary::find()?);
            serve
                .args(["serve", service.name])
                .args(["--listen", &format!("127.0.0.1:{}", service.port)])
                .args(["--admin", &format!("127.0.0.1:{}", service.admin)])
                .arg("--config")
                .arg(self.settings());
            let log = format!("{}.log", service.name);
            let process = Process::start(&mut serve, self.folder.path(), &log)?;
            self.processes.push(process);
        }
        let nginx = self.start_nginx()?;
        self.processes.push(nginx);
        let admins: Vec<_> = self.services.iter().map(|service| service.admin).collect();
        for admin in admins {
            let url = format!("http://127.0.0.1:{admin}/readyz");
            self.answers(&url).await?;
        }
        let page = format!("http://{}/", self.public);
        self.answers(&page).await
    }

    async fn answers(&mut self, url: &str) -> Result<()> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        within(READY_TIMEOUT, url, || {
            let alive = self.processes.iter_mut().try_for_each(Process::is_alive);
            let asked = http.get(url).timeout(Duration::from_secs(1)).send();
            async {
                alive?;
                let is_there = asked.await.is_ok_and(|answer| answer.status().is_success());
                Ok(is_there.then_some(()))
            }
        })
        .await
    }

    /// One of its own: the notices of a shared one reach every system that uses it, whatever the database.
    fn start_redis(&self) -> Result<Process> {
        let mut redis = Command::new("redis-server");
        redis.args(["--port", &self.redis.to_string(), "--bind", "127.0.0.1"]);
        redis.args(["--save", "", "--dir"]).arg(self.folder.path());
        Process::start(&mut redis, self.folder.path(), "redis.log")
    }

    fn start_nginx(&self) -> Result<Process> {
        let folder = self.folder.path().join("nginx");
        fs::create_dir(&folder)?;
        // Root's workers would give up their rights, and this folder is closed to others.
        let user = if folder.metadata()?.uid() == 0 {
            "user root;"
        } else {
            ""
        };
        let server = |name: &str| {
            let service = self.services.iter().find(|service| service.name == name);
            let port = service.context("every service has a port")?.port;
            let line = format!("server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;");
            anyhow::Ok(line)
        };
        let text = NGINX
            .replace("${COLLOQUY_USER}", user)
            .replace("${COLLOQUY_FOLDER}", &folder.display().to_string())
            .replace("${COLLOQUY_LISTEN}", &self.public)
            .replace("${COLLOQUY_GATEWAYS}", &server("api-gateway")?)
            .replace("${COLLOQUY_WEBSOCKET_NODES}", &server("websocket-service")?);
        let file = folder.join("nginx.conf");
        fs::write(&file, text)?;
        let mut nginx = Command::new(nginx_program());
        nginx.args(["-g", "daemon off;", "-e", "stderr", "-p"]);
        nginx.arg(&folder).arg("-c").arg(&file);
        Process::start(&mut nginx, self.folder.path(), "nginx.log")
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("colloquy.toml")
    }

    async fn settings_text(&self, url: &str) -> Result<String> {
        let name = format!("growth_{}", Uuid::new_v4().simple());
        let (smtp_host, smtp_port) = part("SMTP")?
            .split_once(':')
            .map(|(host, port)| (host.to_owned(), port.to_owned()))
            .context("the mail server is host:port")?;
        let mut text = format!(
            "[http]\npublic_url = \"{url}\"\ntrusted_proxies = [\"127.0.0.1\"]\n\
             [expiring_store]\nurl = \"redis://127.0.0.1:{}\"\n\
             [view_store]\nurl = \"{}\"\ndatabase = \"{name}\"\n\
             [event_log]\nbrokers = \"{}\"\npartitions = 2\ntopic_prefix = \"{name}-\"\n\
             [keys]\nfolder = \"{}\"\n",
            self.redis,
            part("MONGO")?,
            part("KAFKA")?,
            self.folder.path().join("keys").display(),
        );
        for section in IN_POSTGRES {
            let url = database(&format!("{name}_{section}")).await?;
            text += &format!("[{section}]\nurl = \"{url}\"\n");
            if section == "mail" {
                text += &format!(
                    "smtp_host = \"{smtp_host}\"\nsmtp_port = {smtp_port}\nsmtp_tls = \"none\"\n"
                );
            }
        }
        text += "[peers]\n";
        for Service { name, port, .. } in &self.services {
            if !EDGE.contains(name) {
                text += &format!("{name} = [\"http://127.0.0.1:{port}\"]\n");
            }
        }
        Ok(text)
    }
}

/// Where a real part is.
fn part(name: &str) -> Result<String> {
    env::var(format!("COLLOQUY_TEST_{name}"))
        .context("run the tests with `cargo xtask test`, which starts the real parts")
}

/// The URL of a new, empty database of the real PostgreSQL.
async fn database(name: &str) -> Result<String> {
    let server = part("POSTGRES")?;
    let mut connection = PgConnection::connect(&server).await?;
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&mut connection).await?;
    let mut url = Url::parse(&server)?;
    url.set_path(name);
    Ok(url.into())
}

/// Different ports that are free now.
fn free_ports(count: usize) -> Result<Vec<u16>> {
    let bound: Vec<_> = (0..count)
        .map(|_| TcpListener::bind("127.0.0.1:0"))
        .collect::<Result<_, _>>()?;
    let ports = bound.iter().map(|one| Ok(one.local_addr()?.port()));
    ports.collect()
}

/// Debian has it where only root looks by itself.
fn nginx_program() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join("nginx"))
        .find(|program| program.is_file())
        .unwrap_or_else(|| "nginx".into())
}

/// Copies a folder with all that is below.
fn copy(from: &Path, into: &Path) -> Result<()> {
    fs::create_dir(into)?;
    for entry in from.read_dir()? {
        let entry = entry?;
        let (path, to) = (entry.path(), into.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to)?;
        } else {
            fs::copy(path, to)?;
        }
    }
    Ok(())
}
